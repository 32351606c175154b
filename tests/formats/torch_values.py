"""Writes with PyTorch and NumPy what tests/formats/torch_file_test.ts reads.

Run by hand it makes the committed fixtures anew: python3 tests/formats/torch_values.py tests/fixtures
"""
import collections
import sys

import numpy as np
import torch

folder = sys.argv[1]
base = torch.arange(12, dtype=torch.float32).reshape(3, 4)
values = {
    "float16": torch.tensor([0.5, -65504.0], dtype=torch.float16),
    "bfloat16": torch.tensor([1.0, -3.140625], dtype=torch.bfloat16),
    "float64": torch.tensor(0.1, dtype=torch.float64),
    "int64": torch.tensor([-(2**62)]),
    "int32": torch.tensor([-7, 2**31 - 1], dtype=torch.int32),
    "int16": torch.tensor([-300, 300], dtype=torch.int16),
    "int8": torch.tensor([-128, 127], dtype=torch.int8),
    "uint8": torch.tensor([0, 255], dtype=torch.uint8),
    "bool": torch.tensor([True, False]),
    "whole": base,
    "transposed": base.t(),
    "sliced": base[1:, ::2],
    "expanded": base[2:, :1].expand(2, 3),
    "empty": torch.zeros(0, 4),
    "parameter": torch.nn.Parameter(torch.tensor([[1.5]])),
    "plain": [1, -2, 2**40, 2**70, -1.5, None, True, (), ("a", ["ü"]), {"k": {3}}],
    "ordered": collections.OrderedDict([("b", 1), ("a", 2)]),
    "numpy": [np.int64(3), np.float32(0.5), np.array([[1, 2], [3, 4]], order="F"), np.array(7.0)],
    "size": base.shape,
    "bytes": b"\x00\xff",
}
torch.save(values, f"{folder}/torch_values.pt")
torch.save(values, f"{folder}/torch_values_protocol5.pt", pickle_protocol=5)
torch.save(values, f"{folder}/torch_values_legacy.pt", _use_new_zipfile_serialization=False)
np.save(f"{folder}/numpy_fortran.npy", np.asfortranarray([[3, 5], [7, 9], [11, 13]]))
np.save(f"{folder}/numpy_big_endian.npy", np.array([0.5, -2], dtype=">f4"))
