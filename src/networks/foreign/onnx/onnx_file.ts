import { CheckpointMismatchError } from "../../../core/errors.ts";
import { quoted } from "../../../core/quoted.ts";
import { toolkitName } from "../../../core/version.ts";
import { parseOnnx } from "../../../formats/onnx.ts";
import type { StoredArray } from "../../weights/parameters.ts";
import { describedNetwork } from "../../weights/weights.ts";
import type { ForeignFile } from "../foreign_network.ts";

/** ONNX models that `writeOnnx` made: their metadata say what network the stored values are of. */
export const onnxFile: ForeignFile = {
  title: "ONNX",
  recognize: (_, path) => /\.onnx$/i.test(path),
  read(bytes, path) {
    const { producer, tensors, metadata } = parseOnnx(bytes, path);
    if (producer !== toolkitName) {
      throw new CheckpointMismatchError(
        `${path}: an ONNX model of ${producer === "" ? "an unnamed program" : quoted(producer)}; ` +
          `only those that ${toolkitName} wrote are read back, since a graph does not tell its network`,
      );
    }
    const arrays = new Map<string, StoredArray>();
    for (const [name, { dtype, shape, data }] of tensors) {
      if (dtype === "F32" || dtype === "F16") arrays.set(name, { shape, data });
    }
    const known = (names: ReadonlySet<string>) =>
      new Map([...arrays].filter(([name]) => names.has(name)));
    return Promise.resolve(describedNetwork(metadata, path, {
      arrays: ({ parameters }) => known(new Set(parameters.map(({ name }) => name))),
    }));
  },
};
