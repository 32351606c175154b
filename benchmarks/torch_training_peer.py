"""Training steps in PyTorch on a GPU (or CPU), for ratios taken in one run on one machine.

  python3 benchmarks/torch_training_peer.py [--device auto|cuda|cpu] [--architecture resnet|unet]
      [--width 64] [--layers 4] [--colors 1] [--batch 16] [--seconds 2] [--threads 0]

The networks of `deno task bench:train` on noise, float32 with TF32 off, AdamW; the loss is read at the
end only, examples lie on the device. Of both memory layouts (and fused AdamW on CUDA) the faster one
counts. Prints one JSON object with the seconds of a step.
"""
import argparse
import json
import sys
import time

try:
    import torch
    from torch import nn
    from torch.nn.functional import max_pool2d, relu
except ImportError as error:
    sys.exit(f"PyTorch cannot be imported ({error})")


def embedding(times, width):
    d = width // 2
    steps = torch.arange(d, device=times.device) / (d - 1)
    angles = times[:, None] / 10000 ** steps
    return torch.cat([angles.sin(), angles.cos()], 1)


def conv(inputs, outputs):
    return nn.Conv2d(inputs, outputs, 3, padding=1)


class ResNet(nn.Module):
    def __init__(self, width, layers, colors):
        super().__init__()
        self.width = width
        self.stem, self.head = conv(colors, width), conv(width, colors)
        self.convs = nn.ModuleList(conv(width, width) for _ in range(layers))
        self.shifts = nn.ModuleList(nn.Linear(width, width) for _ in range(layers + 1))
        self.norms = nn.ModuleList(nn.GroupNorm(8, width) for _ in range(layers + 1))

    def forward(self, x, times):
        told = embedding(times, self.width)
        shifts = [relu(norm(linear(told)))[:, :, None, None] for linear, norm in zip(self.shifts, self.norms)]
        state = self.stem(x)
        for layer, shift in zip(self.convs, shifts):
            state = state + relu(layer(state + shift))
        return self.head(state + shifts[-1])


class Block(nn.Module):
    def __init__(self, inputs, outputs, told):
        super().__init__()
        self.shift = nn.Linear(told, inputs)
        self.first, self.second = conv(inputs, outputs), conv(outputs, outputs)

    def forward(self, x, told):
        return relu(self.second(relu(self.first(x + self.shift(relu(told))[:, :, None, None]))))


class UNet(nn.Module):
    def __init__(self, width, colors):
        super().__init__()
        channels = [width, 2 * width, 4 * width]
        self.told = 4 * width
        self.down = nn.ModuleList(Block(i, o, self.told) for i, o in zip([colors, *channels], channels[:-1]))
        self.middle = Block(channels[-2], channels[-1], self.told)
        pairs = list(zip(channels[::-1], channels[-2::-1]))
        self.rise = nn.ModuleList(nn.ConvTranspose2d(i, o, 2, 2) for i, o in pairs)
        self.up = nn.ModuleList(Block(2 * o, o, self.told) for _, o in pairs)
        self.shift, self.head = nn.Linear(self.told, width), conv(width, colors)

    def forward(self, x, times):
        told = embedding(times, self.told)
        skips = []
        for block in self.down:
            skips.append(block(x, told))
            x = max_pool2d(skips[-1], 2)
        x = self.middle(x, told)
        for rise, block in zip(self.rise, self.up):
            x = block(torch.cat([skips.pop(), rise(x)], 1), told)
        return self.head(x + self.shift(relu(told))[:, :, None, None])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--architecture", default="resnet", choices=["resnet", "unet"])
    parser.add_argument("--device", default="auto", choices=["auto", "cuda", "cpu"])
    for name, value in [("width", 64), ("layers", 4), ("colors", 1), ("batch", 16), ("threads", 0)]:
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--seconds", type=float, default=2.0)
    o = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    if o.threads > 0:
        torch.set_num_threads(o.threads)
    name = o.device if o.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        sys.exit("PyTorch sees no CUDA device")
    wait = torch.cuda.synchronize if name == "cuda" else lambda: None
    best, loss = None, None
    for layout in (torch.contiguous_format, torch.channels_last):
        torch.manual_seed(0)
        network = ResNet(o.width, o.layers, o.colors) if o.architecture == "resnet" else UNet(o.width, o.colors)
        network = network.to(name).to(memory_format=layout)
        fused = {"fused": True} if name == "cuda" else {}
        optimizer = torch.optim.AdamW(network.parameters(), 1e-4, weight_decay=1e-4, **fused)
        x, target = (
            torch.randn(o.batch, o.colors, 32, 32, device=name).to(memory_format=layout) for _ in range(2)
        )
        times = torch.rand(o.batch, device=name)

        def step():
            error = (network(x, times) - target).square().mean()
            optimizer.zero_grad(set_to_none=True)
            error.backward()
            optimizer.step()
            return error

        for _ in range(3):
            step()
        wait()
        started, steps = time.perf_counter(), 0
        while time.perf_counter() - started < o.seconds / 2:
            loss = step()
            steps += 1
            # Now and then, so that the queue does not run away from the clock.
            if steps % 10 == 0:
                wait()
        wait()
        seconds = (time.perf_counter() - started) / steps
        best = seconds if best is None else min(best, seconds)
    about = torch.cuda.get_device_name() if name == "cuda" else f"cpu, {torch.get_num_threads()} threads"
    print(json.dumps({"device": about, "torch": torch.__version__, "tf32": False, "seconds": best, "loss": loss.item()}))


if __name__ == "__main__":
    main()
