"""The patch posterior in PyTorch on a GPU (or CPU), for ratios taken in one run on one machine.

  python3 benchmarks/torch_cuda_peer.py [--device auto|cuda|cpu] [--t 0.5] MACHINE:K:CHANNELS:IMAGES ...
  python3 benchmarks/torch_cuda_peer.py ELS:9:1:4096 bbELS:15:3:4096

The usual way to do it: every training patch is a filter of a convolution over the query, distances
come from |x|^2 - 2 a x.y + a^2 |y|^2, and a streaming softmax runs over the patches. Float32 with
TF32 off. ELS: patches inside the image, the query wraps around. bbELS: the same within borders; rows
and columns nearer than k // 2 to a border match only themselves. The number of images at a time is
the fastest of a few. Prints one JSON object.
"""
import argparse
import json
import math
import sys
import time

try:
    import torch
    from torch.nn.functional import conv2d, pad
except ImportError as error:
    sys.exit(f"PyTorch cannot be imported ({error})")

SIZE = 32


class Softmax:
    """Running (max, sum, acc) of weights over candidates, for [pixels] or [pixels, channels]."""

    def __init__(self, pixels, channels, device):
        self.top = torch.full((pixels,), -math.inf, device=device)
        self.total = torch.zeros(pixels, device=device)
        self.mean = torch.zeros(pixels, channels, device=device)

    def add(self, logits, centers):
        """logits [candidates, pixels]; centers [candidates, channels] or [candidates, pixels, channels]."""
        top = torch.maximum(self.top, logits.amax(0))
        keep = torch.exp(self.top - top)
        weights = torch.exp(logits - top)
        self.top = top
        self.total = self.total * keep + weights.sum(0)
        added = weights.t() @ centers if centers.dim() == 2 else torch.einsum("np,npc->pc", weights, centers)
        self.mean = self.mean * keep[:, None] + added


def patches_of(images, k):
    """Windows of [n, C, h, w] as filters [n * windows, C, k, k]."""
    windows = images.unfold(2, k, 1).unfold(3, k, 1)
    return windows.permute(0, 2, 3, 1, 4, 5).reshape(-1, images.shape[1], k, k)


def match(state, query, images, k, signal, variance):
    """Every window of query [1, C, h, w] against every window of images [n, C, h', w']."""
    filters = patches_of(images, k)
    ones = torch.ones(1, query.shape[1], k, k, device=query.device)
    distance = conv2d(query, filters)[0].flatten(1)
    distance.mul_(-2 * signal)
    distance += (signal ** 2 * filters.square().sum((1, 2, 3)))[:, None]
    distance += conv2d(query.square(), ones)[0].flatten(1)
    state.add(distance.mul_(-0.5 / variance), filters[:, :, k // 2, k // 2])


def regions_of(machine, k):
    """Places (rows, columns) of the zero-padded image whose windows match each other."""
    r = k // 2
    if machine == "ELS":
        return [(slice(0, SIZE), slice(0, SIZE))]
    edges = [i for i in range(SIZE) if i < r or i >= SIZE - r]
    inner = slice(r, SIZE + r)
    found = [(inner, inner)] if k <= SIZE else []
    if k <= SIZE:
        found += [(slice(i, i + k), inner) for i in edges]
        found += [(inner, slice(i, i + k)) for i in edges]
    return found


def posterior(machine, query, images, k, signal, variance, chunk):
    r, channels = k // 2, query.shape[1]
    padded = pad(query, (r, r, r, r), mode="circular") if machine == "ELS" else pad(query, (r, r, r, r))
    device = query.device
    regions = regions_of(machine, k)
    cuts = [padded if machine == "ELS" else padded[:, :, y, x] for y, x in regions]
    states = [Softmax((cut.shape[2] - k + 1) * (cut.shape[3] - k + 1), channels, device) for cut in cuts]
    corners = Softmax(SIZE * SIZE, channels, device)
    ones = torch.ones(1, channels, k, k, device=device)
    for start in range(0, len(images), chunk):
        some = images[start:start + chunk]
        if machine == "ELS":
            match(states[0], padded, some, k, signal, variance)
            continue
        padded_images = pad(some, (r, r, r, r))
        for (y, x), cut, state in zip(regions, cuts, states):
            match(state, cut, padded_images[:, :, y, x], k, signal, variance)
        squares = conv2d((query - signal * some).square(), ones, padding=r)[:, 0].flatten(1)
        corners.add(squares * (-0.5 / variance), some.permute(0, 2, 3, 1).flatten(1, 2))
    return [state.mean / state.total[:, None] for state in states]


def pairs_of(machine, k):
    inner = max(0, SIZE - k + 1)
    if machine == "ELS":
        return SIZE * SIZE * inner * inner
    return (inner * inner + SIZE - inner) ** 2


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("cases", nargs="+", metavar="MACHINE:K:CHANNELS:IMAGES")
    parser.add_argument("--device", default="auto", choices=["auto", "cuda", "cpu"])
    parser.add_argument("--t", type=float, default=0.5)
    parser.add_argument("--seconds", type=float, default=1.0, help="time to spend on each case")
    options = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    name = options.device if options.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        sys.exit("PyTorch sees no CUDA device")
    device = torch.device(name)
    wait = torch.cuda.synchronize if name == "cuda" else lambda: None
    variance = 1 - math.cos(options.t / 1.008 * math.pi / 2) ** 2
    signal = math.sqrt(1 - variance)
    torch.manual_seed(0)
    results = []
    with torch.no_grad():
        for case in options.cases:
            machine, k, channels, count = case.split(":")
            if machine not in ("ELS", "bbELS"):
                sys.exit(f"{case}: the machine is ELS or bbELS")
            k, channels, count = int(k), int(channels), int(count)
            smooth = torch.randn(count, channels, SIZE + 4, SIZE + 4, device=device)
            images = torch.tanh(3 * torch.nn.functional.avg_pool2d(smooth, 5, 1))
            query = signal * images[:1] + math.sqrt(variance) * torch.randn(1, channels, SIZE, SIZE, device=device)
            best = None
            for chunk in ([8, 32, 128] if name == "cuda" else [8, 16]):
                if best is not None and chunk > count:
                    break
                run = lambda: posterior(machine, query, images, k, signal, variance, chunk)
                try:
                    run()
                    wait()
                    times, spent = [], 0.0
                    while not times or (spent < options.seconds / 3 and len(times) < 20):
                        started = time.perf_counter()
                        run()
                        wait()
                        times.append(time.perf_counter() - started)
                        spent += times[-1]
                except torch.cuda.OutOfMemoryError:
                    torch.cuda.empty_cache()
                    continue
                median = sorted(times)[len(times) // 2]
                if best is None or median < best[0]:
                    best = median, chunk
            if best is None:
                sys.exit(f"{case}: the device has too little memory")
            results.append({
                "machine": machine, "k": k, "channels": channels, "images": count, "chunk": best[1],
                "seconds": best[0], "pairs_per_s": pairs_of(machine, k) * count / best[0],
            })
    about = torch.cuda.get_device_name() if name == "cuda" else f"cpu, {torch.get_num_threads()} threads"
    print(json.dumps({"device": about, "torch": torch.__version__, "tf32": False, "t": options.t, "results": results}))


if __name__ == "__main__":
    main()
