"""Predictions of networks of 36 and 56 million parameters in PyTorch on the CPU, for ratios in one run.

  python3 benchmarks/torch_large_peer.py [--network ddpm|ddpmpp] [--batches 1,8] [--threads 2] [--seconds 4]

The shapes of Ho et al. (arXiv 2006.11239) and of DDPM++ as Karras et al. configure it (arXiv 2206.00364)
for 32 x 32 x 3, random weights. They are saved, and loaded and run by a process of its own, whose memory
is what counts. Prints one JSON object: seconds an image by batch, peak bytes.
"""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

try:
    import torch
    from torch import nn
    from torch.nn.functional import avg_pool2d, interpolate, silu
except ImportError as error:
    sys.exit(f"PyTorch cannot be imported ({error})")

EMBEDDING = 512


def conv(a, b, k=3):
    return nn.Conv2d(a, b, k, padding=k // 2)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.norm, self.qkv, self.out = nn.GroupNorm(32, c), conv(c, 3 * c, 1), conv(c, c, 1)

    def forward(self, x):
        b, c, h, w = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(b, 3, c, h * w).unbind(1)
        weights = torch.softmax(q.transpose(1, 2) @ k / c ** 0.5, -1)
        return x + self.out((v @ weights.transpose(1, 2)).reshape(b, c, h, w))


class Block(nn.Module):
    """resample: "down", "up" or None, within the block as in DDPM++."""

    def __init__(self, a, b, attention=False, resample=None):
        super().__init__()
        self.norm0, self.conv0, self.affine = nn.GroupNorm(32, a), conv(a, b), nn.Linear(EMBEDDING, b)
        self.norm1, self.conv1 = nn.GroupNorm(32, b), conv(b, b)
        self.skip = conv(a, b, 1) if a != b or resample else None
        self.attention = Attention(b) if attention else None
        self.resample = resample

    def sized(self, x):
        if self.resample == "down":
            return avg_pool2d(x, 2)
        return interpolate(x, scale_factor=2, mode="nearest") if self.resample == "up" else x

    def forward(self, x, told):
        h = self.conv0(self.sized(silu(self.norm0(x)))) + self.affine(told)[:, :, None, None]
        h = self.conv1(silu(self.norm1(h)))
        x = h + (self.skip(self.sized(x)) if self.skip else x)
        return self.attention(x) if self.attention else x


class Down(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, stride=2, padding=1)

    def forward(self, x, told):
        return self.conv(x)


class Up(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = conv(c, c)

    def forward(self, x, told):
        return self.conv(interpolate(x, scale_factor=2, mode="nearest"))


class Unet(nn.Module):
    def __init__(self, width, channels, blocks, plusplus):
        super().__init__()
        attends = lambda level: 32 >> level == 16
        self.told = nn.Sequential(nn.Linear(width, EMBEDDING), nn.SiLU(), nn.Linear(EMBEDDING, EMBEDDING))
        self.stem, now, kept = conv(3, width), width, [width]
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        last = len(channels) - 1
        for level, c in enumerate(channels):
            if plusplus and level > 0:
                self.down.append(Block(now, now, resample="down"))
                kept.append(now)
            for _ in range(blocks):
                self.down.append(Block(now, c, attends(level)))
                now = c
                kept.append(now)
            if not plusplus and level < last:
                self.down.append(Down(now))
                kept.append(now)
        self.middle = nn.ModuleList([Block(now, now, True), Block(now, now)])
        for level in range(last, -1, -1):
            c = channels[level]
            if plusplus and level < last:
                self.up.append(Block(now, now, resample="up"))
            for i in range(blocks + 1):
                joined = Block(now + kept.pop(), c, attends(level) and (i == blocks or not plusplus))
                joined.joins = True
                self.up.append(joined)
                now = c
            if not plusplus and level > 0:
                self.up.append(Up(now))
        self.norm, self.head, self.width = nn.GroupNorm(32, now), conv(now, 3), width

    def forward(self, x, times):
        d = self.width // 2
        angles = times[:, None] * 10000 ** (-torch.arange(d) / (d - 1))
        told = silu(self.told(torch.cat([angles.sin(), angles.cos()], 1)))
        x = self.stem(x)
        kept = [x]
        for block in self.down:
            x = block(x, told)
            kept.append(x)
        for block in self.middle:
            x = block(x, told)
        for block in self.up:
            x = block(torch.cat([x, kept.pop()], 1) if getattr(block, "joins", False) else x, told)
        return self.head(silu(self.norm(x)))


def build(name):
    if name == "ddpm":
        return Unet(128, [128, 256, 256, 256], 2, False)
    return Unet(128, [256, 256, 256], 4, True)


def measure(options):
    torch.set_num_threads(options.threads)
    network = build(options.network)
    network.load_state_dict(torch.load(options.weights))
    network.eval()
    seconds = {}
    with torch.no_grad():
        for batch in map(int, options.batches.split(",")):
            x, times = torch.randn(batch, 3, 32, 32), torch.full((batch,), 500.0)
            network(x, times)
            count, began = 0, time.perf_counter()
            while count == 0 or time.perf_counter() - began < options.seconds:
                network(x, times)
                count += 1
            seconds[batch] = (time.perf_counter() - began) / count / batch
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    parameters = sum(p.numel() for p in network.parameters())
    print(json.dumps({"seconds": seconds, "peakBytes": peak, "parameters": parameters}))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--network", choices=["ddpm", "ddpmpp"], default="ddpm")
    parser.add_argument("--batches", default="1,8")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--weights")
    options = parser.parse_args()
    if options.weights:
        return measure(options)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "weights.pt")
        torch.save(build(options.network).state_dict(), path)
        sys.exit(subprocess.run([sys.executable, *sys.argv, "--weights", path]).returncode)


main()
