"""The machines of docs/theories.md in plain PyTorch, for ratios taken in one run on one machine.

  python3 benchmarks/torch_rivals_peer.py FOLDER --threads 2 --channels 1 --k 9 --tau 0.005 \
    --levels 0.7,0.7,0.9,0.4 LS Wiener Wiener_stationary PCA_locality PSPC_square SCFDM

FOLDER holds images.f32 and queries.f32, [N, H, W, C] as float32, 32 x 32 pixels. --levels are signal
and sigma of the time that is timed, then of another time. One query after another, in
float32. Prints one JSON object: for each machine the seconds of the first answer (with all that is
made once), of the first answer at another time, and of each further query. Answers of the first time are written to
FOLDER/NAME.f32, [Q, H, W, C].
"""
import argparse
import json
import os
import sys
import time

try:
    import numpy
    import torch
    from torch.nn.functional import conv2d
except ImportError as error:
    sys.exit(f"PyTorch cannot be imported ({error})")

SIZE = 32


def squares(x, images, signal):
    """Squared differences of a query [C, H, W] and images [N, C, H, W], summed over channels: [N, 1, H, W]."""
    return (x - signal * images).square().sum(1, keepdim=True)


def weights(distances, sigma):
    return torch.softmax(distances.mul(-0.5 / sigma ** 2), 0)


class LS:
    def __init__(self, images, options):
        self.images, self.k = images, options.k
        self.ones = torch.ones(1, 1, options.k, options.k)

    def at(self, signal, sigma):
        self.signal, self.sigma = signal, sigma

    def answer(self, x):
        distances = conv2d(squares(x, self.images, self.signal), self.ones, padding=self.k // 2)
        return (weights(distances, self.sigma) * self.images).sum(0)


class PSPCSquare(LS):
    def answer(self, x):
        distances = conv2d(squares(x, self.images, self.signal), self.ones)
        crops = weights(distances, self.sigma)
        held = conv2d(crops, self.ones, padding=self.k - 1)
        count = conv2d(torch.ones_like(crops[:1]), self.ones, padding=self.k - 1)
        return (held / count * self.images).sum(0)


class Wiener:
    def __init__(self, images, options):
        # In double precision, as thresholds are set on it; only answers are float32.
        flat = images.flatten(1).double()
        mean = flat.mean(0)
        centered = flat - mean
        self.values, self.basis = torch.linalg.eigh(centered.t() @ centered / (len(flat) - 1))
        self.values.clamp_(min=0)
        self.mean, self.vectors = mean.float(), self.basis.float()

    def at(self, signal, sigma):
        self.signal = signal
        variance = signal ** 2 * self.values
        self.exact = variance / (variance + sigma ** 2)
        self.gains = self.exact.float()

    def answer(self, x):
        part = self.vectors.t() @ (x.flatten() / self.signal - self.mean)
        return (self.mean + self.vectors @ (self.gains * part)).view(x.shape)


class WienerStationary:
    def __init__(self, images, options):
        self.mean = images.mean((0, 2, 3))[:, None, None]
        spectra = torch.fft.fft2(images - self.mean)
        self.power = torch.einsum("nchw,ndhw->hwcd", spectra, spectra.conj()) / (len(images) * SIZE * SIZE)

    def at(self, signal, sigma):
        self.signal = signal
        noise = sigma ** 2 * torch.eye(self.power.shape[-1])
        self.filter = torch.linalg.solve(signal ** 2 * self.power + noise, signal * self.power)

    def answer(self, x):
        spectrum = torch.fft.fft2(x - self.signal * self.mean)
        found = torch.einsum("hwcd,dhw->chw", self.filter, spectrum)
        return self.mean + torch.fft.ifft2(found).real


class PCALocality(Wiener):
    def __init__(self, images, options):
        super().__init__(images, options)
        self.flat, self.tau = images.flatten(1), options.tau

    def at(self, signal, sigma):
        super().at(signal, sigma)
        self.sigma = sigma
        filter = (self.basis * self.exact) @ self.basis.t()
        diagonal = filter.diagonal().abs()
        relative = filter.abs() / torch.where(diagonal < 1e-6, torch.ones_like(diagonal), diagonal)[:, None]
        self.mask = (relative >= self.tau * relative.max()).float().t().contiguous()

    def answer(self, x):
        distances = (x.flatten() - self.signal * self.flat).square() @ self.mask
        return (weights(distances, self.sigma) * self.flat).sum(0).view(x.shape)


class SCFDM:
    def __init__(self, images, options):
        self.flat = images.flatten(1)
        self.noise = options.delta * torch.randn(10, self.flat.shape[1], generator=torch.Generator().manual_seed(0))

    def at(self, signal, sigma):
        self.signal, self.sigma = signal, sigma

    def answer(self, x):
        distances = torch.cdist(self.signal * self.flat, x.flatten() + self.noise).square()
        return (weights(distances, self.sigma).t() @ self.flat).mean(0).view(x.shape)


MACHINES = {
    "LS": LS,
    "Wiener": Wiener,
    "Wiener_stationary": WienerStationary,
    "PCA_locality": PCALocality,
    "PSPC_square": PSPCSquare,
    "SCFDM": SCFDM,
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("machines", nargs="+", choices=MACHINES)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--channels", type=int, default=1)
    parser.add_argument("--k", type=int, default=9)
    parser.add_argument("--tau", type=float, default=0.005)
    parser.add_argument("--delta", type=float, default=1)
    parser.add_argument("--levels", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_grad_enabled(False)
    signal, sigma, other_signal, other_sigma = map(float, options.levels.split(","))

    def read(name):
        values = numpy.fromfile(os.path.join(options.folder, name), dtype=numpy.float32)
        return torch.from_numpy(values).view(-1, SIZE, SIZE, options.channels).permute(0, 3, 1, 2).contiguous()

    images, queries = read("images.f32"), read("queries.f32")
    result = {"torch": torch.__version__, "threads": torch.get_num_threads(), "machines": {}}
    for name in options.machines:
        started = time.perf_counter()
        machine = MACHINES[name](images, options)
        machine.at(other_signal, other_sigma)
        machine.answer(queries[0])
        first = time.perf_counter() - started
        started = time.perf_counter()
        machine.at(signal, sigma)
        machine.answer(queries[0])
        again = time.perf_counter() - started
        taken = []
        for _ in range(options.rounds):
            started = time.perf_counter()
            answers = [machine.answer(x) for x in queries]
            taken.append((time.perf_counter() - started) / len(queries))
        torch.stack(answers).permute(0, 2, 3, 1).contiguous().numpy().tofile(
            os.path.join(options.folder, f"{name}.f32"))
        result["machines"][name] = {"first": first, "time": again, "query": sorted(taken)[len(taken) // 2]}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
