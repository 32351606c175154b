/** Every option of UNet2DModel that is known, and what becomes of those that are not. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { sliceBatch } from "../../src/core/image_batch.ts";
import { isToolkitError } from "../../src/core/errors.ts";
import { type StoredTensor, writeSafetensors } from "../../src/formats/safetensors.ts";
import { writeTorchStateDict } from "../../src/formats/torch_writer.ts";
import { createNetwork, parseArchitecture } from "../../src/networks/architectures/architecture.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { foreignFolderOf, readNetworkFolder } from "../../src/networks/foreign/foreign_networks.ts";
import { readAnyWeights } from "../../src/networks/weights/any_weights.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import {
  type Files,
  folderFiles,
  json,
  memoryFolder,
  readCase,
  schedulerConfig,
} from "./diffusers_fixture.ts";
import { backends } from "./golden.ts";
import { directionalDerivatives } from "./gradient_check.ts";
import { imagesOf, worstDifference } from "./pretrained_golden.ts";

const read = (files: Files) => readNetworkFolder(memoryFolder(files));

for (const name of ["scaled", "plain"]) {
  for (const backend of backends) {
    Deno.test(`diffusers: options of "${name}" mean what they do in PyTorch, on ${backend}`, async () => {
      await startBackend(backend);
      const { config, weights, x, output, steps, labels } = await readCase(name);
      const denoiser = networkDenoiser(await read(folderFiles({ config, weights })));
      const [images, expected] = [imagesOf(x), imagesOf(output)];
      for (const [i, step] of steps.entries()) {
        const found = await denoiser.predict(
          sliceBatch(images, i, i + 1),
          (step + 1) / 1000,
          labels ? { labels: [labels[i]!] } : {},
        );
        const worst = worstDifference(found.data, sliceBatch(expected, i, i + 1).data);
        // Outputs are about 1; float32 sums on both sides.
        assert(worst < 5e-6, `step ${step} differs by ${worst}`);
      }
      denoiser.dispose();
    });
  }
}

Deno.test("diffusers: gradients by scales and shifts, heads and images are central differences", async () => {
  await startBackend("wasm");
  const { config, weights, x } = await readCase("scaled");
  const { network, parameters } = await read(folderFiles({ config, weights }));
  const found = directionalDerivatives(network, {
    parameters,
    x: imagesOf(x).data,
    times: [3, 500],
    labels: [1, 0],
    step: 3e-4,
    names: [
      ...["x", "class_embedding.weight", "mid_block.attentions.0.to_k.weight"],
      ...["mid_block.resnets.0.time_emb_proj.weight", "down_blocks.0.downsamplers.0.conv.weight"],
    ],
  });
  assertEquals(found.length, 5);
  for (const { name, gradient, difference } of found) {
    // Float32 outputs over a step of 3e-4, and the cubic term.
    const error = Math.abs(gradient - difference) / (Math.abs(difference) + 1);
    assert(error < 1e-2, `${name}: gradient ${gradient}, central difference ${difference}`);
  }
});

/** The same weights in all forms that diffusers writes. */
async function plainWeights() {
  const { config, weights } = await readCase("plain");
  const files = folderFiles({ config, weights });
  const name = "unet/diffusion_pytorch_model.safetensors";
  const without = new Map([...files].filter(([key]) => key !== name));
  return { config, weights, files, without, parameters: (await read(files)).parameters };
}

Deno.test("diffusers: weights by old names, in parts, in PyTorch's file and at the top of the folder", async () => {
  const { config, weights, without, parameters } = await plainWeights();
  const inside = "unet/diffusion_pytorch_model";
  const old = new Map(
    [...weights].map(([key, tensor]) => {
      const before = key.replace(".to_q.", ".query.").replace(".to_k.", ".key.")
        .replace(".to_v.", ".value.").replace(".to_out.0.", ".proj_attn.");
      return [before, tensor] as const;
    }),
  );
  assert([...old.keys()].some((key) => key.includes("proj_attn")));
  const entries = [...weights];
  const [first, second] = [entries.slice(0, 9), entries.slice(9)].map((part) => new Map(part));
  const names = ["one", "two"].map((part) => `diffusion_pytorch_model-${part}.safetensors`);
  const index = {
    weight_map: Object.fromEntries(
      entries.map(([key], i) => [key, names[i < 9 ? 0 : 1]]),
    ),
  };
  const forms: [string, [string, Uint8Array<ArrayBuffer>][]][] = [
    ["old names", [[`${inside}.safetensors`, writeSafetensors(old)]]],
    ["PyTorch's", [[`${inside}.bin`, writeTorchStateDict(new Map(weights) as never)]]],
    ["parts", [
      [`${inside}.safetensors.index.json`, json(index)],
      [`unet/${names[0]}`, writeSafetensors(first!)],
      [`unet/${names[1]}`, writeSafetensors(second!)],
    ]],
  ];
  for (const [form, files] of forms) {
    assertEquals((await read(new Map([...without, ...files]))).parameters, parameters, form);
  }
  const top: Files = new Map([
    ["config.json", json(config)],
    ["scheduler_config.json", json(schedulerConfig())],
    ["diffusion_pytorch_model.safetensors", writeSafetensors(weights)],
  ]);
  assertEquals((await read(top)).parameters, parameters);
  const half = new Map(
    [...weights].map(([key, tensor]) => [key, { ...tensor, dtype: "F16" } as StoredTensor]),
  );
  const found = await read(
    new Map([...without, [`${inside}.fp16.safetensors`, writeSafetensors(half)]]),
  );
  // Eleven binary digits of values up to 2.
  assert(worstDifference(found.parameters, parameters) < 2 ** -10);
});

Deno.test("diffusers: what a scheduler's config says", async () => {
  const { config, weights } = await readCase("plain");
  const facts = async (scheduler: Record<string, unknown>) => {
    const { schedule, prediction, clip, preconditioning } = await read(
      folderFiles({ config, weights, scheduler: schedulerConfig(scheduler) }),
    );
    assert(preconditioning?.kind === "timesteps");
    return [schedule.parameters, prediction, clip, preconditioning.timesteps];
  };
  const linear = { betaSchedule: "linear", timesteps: 1000, betaStart: 0.0001, betaEnd: 0.02 };
  assertEquals(await facts({}), [linear, "eps", 1, 1000]);
  assertEquals(
    await facts({
      ...{ _class_name: "DDIMScheduler", beta_schedule: "squaredcos_cap_v2" },
      ...{ num_train_timesteps: 50, prediction_type: "v_prediction", clip_sample: false },
    }),
    [{ betaSchedule: "squaredcos_cap_v2", timesteps: 50 }, "v", undefined, 50],
  );
  assertEquals(
    await facts({
      ...{ beta_schedule: "scaled_linear", beta_start: 0.001, beta_end: 0.05 },
      ...{ prediction_type: "sample", clip_sample_range: 2 },
    }),
    [
      { betaSchedule: "scaled_linear", timesteps: 1000, betaStart: 0.001, betaEnd: 0.05 },
      "x0",
      2,
      1000,
    ],
  );
  // Schedulers that do not clip, unless they say so.
  const [, , unclipped] = await facts({ _class_name: "UniPCMultistepScheduler" });
  assertEquals(unclipped, undefined);
  assertEquals(
    await facts({ trained_betas: [0.1, 0.2], num_train_timesteps: 1000 }),
    [{ betas: [0.1, 0.2] }, "eps", 1, 2],
  );
});

Deno.test("diffusers: an option or a block that is not known is refused by its name", async () => {
  const { config, weights } = await readCase("plain");
  const cases: [Record<string, unknown>, string][] = [
    [{ _class_name: "UNet2DConditionModel" }, '_class_name is "UNet2DConditionModel"'],
    [{ down_block_types: ["DownBlock2D", "SkipDownBlock2D"] }, '"SkipDownBlock2D"'],
    [{ up_block_types: ["ResnetUpsampleBlock2D", "UpBlock2D"] }, '"ResnetUpsampleBlock2D"'],
    [{ up_block_types: "UpBlock2D" }, 'up_block_types is "UpBlock2D"'],
    [{ time_embedding_type: "fourier" }, 'time_embedding_type is "fourier"'],
    [{ norm_num_groups: null }, "norm_num_groups is null, this release knows others, such as 32"],
    [{ mid_block_type: null }, "mid_block_type is null"],
    [{ act_fn: "mish" }, 'act_fn is "mish", this release knows silu, swish'],
    [{ class_embed_type: "timestep" }, 'class_embed_type is "timestep"'],
    [{ resnet_time_scale_shift: "ada_group" }, "resnet_time_scale_shift is"],
    [{ downsample_type: "resnet" }, 'downsample_type is "resnet"'],
    [{ mid_block_type: "UNetMidBlock2DCrossAttn" }, "mid_block_type is"],
    [{ attn_norm_num_groups: 2 }, "attn_norm_num_groups is 2"],
    [{ encoder_hid_dim: 7 }, "the option encoder_hid_dim (7)"],
    [{ out_channels: 4 }, "out_channels is 4"],
    [{ sample_size: null }, "sample_size is missing"],
    [{ sample_size: 5 }, "5 x 5 cannot be halved 1 times"],
    [{ downsample_padding: 2 }, "downsamplePadding is 2"],
    [{ norm_num_groups: 5 }, "5 groups (norm_num_groups) do not divide 8"],
    [{ attention_head_dim: 5 }, "heads of 5 channels (attention_head_dim) do not divide 8"],
    [{ block_out_channels: [8, 12, 16] }, "0 or 1 for each of 3 levels"],
    [{ layers_per_block: 0 }, "the network's blocks is 0"],
    [{ norm_eps: "small" }, 'normEps is "small"'],
    [{ block_out_channels: [8, 1e9] }, "the network's channels is"],
  ];
  for (const [options, word] of cases) {
    const error = await assertRejects(() => read(folderFiles({ config, weights, options })));
    assert(isToolkitError(error), `${error}`);
    assert(error.message.includes(word), `${JSON.stringify(options)}: ${error.message}`);
    assert(error.message.startsWith("nets/mine/unet/config.json: "), error.message);
  }
  const latent = folderFiles({ config, weights });
  latent.set(
    "model_index.json",
    json({ _class_name: "LDMPipeline", vqvae: ["diffusers", "VQModel"] }),
  );
  await assertRejects(() => read(latent), Error, 'the pipeline has vqvae ("VQModel") besides unet');
  const schedulers: [Record<string, unknown>, string][] = [
    [{ _class_name: "ScoreSdeVeScheduler" }, '_class_name is "ScoreSdeVeScheduler"'],
    [{ prediction_type: "flow" }, 'prediction_type is "flow"'],
    [{ beta_schedule: "laplace" }, 'betaSchedule is "laplace", expected linear'],
    [{ rescale_betas_zero_snr: true }, "rescale_betas_zero_snr is true"],
    [{ thresholding: true }, "thresholding is true"],
    [{ variance_type: "learned_range" }, 'variance_type is "learned_range"'],
    [{ num_train_timesteps: 0 }, "timesteps is 0"],
    [{ beta_end: 2 }, "betaEnd is 2"],
    [{ trained_betas: "yes" }, 'trained_betas is "yes"'],
    [{ trained_betas: [0.1, "x"] }, "betas is"],
    [{ clip_sample: 1 }, "clip_sample is 1"],
    [{ clip_sample_range: -1 }, "clip_sample_range is -1"],
  ];
  for (const [options, word] of schedulers) {
    const scheduler = schedulerConfig(options);
    const error = await assertRejects(() => read(folderFiles({ config, weights, scheduler })));
    assert(isToolkitError(error), `${error}`);
    assert(error.message.includes(word), `${JSON.stringify(options)}: ${error.message}`);
  }
});

Deno.test("diffusers: options that change nothing are passed over", async () => {
  const { config, weights } = await readCase("plain");
  const options = {
    ...{ dropout: 0.1, time_embedding_dim: 32, num_train_timesteps: null, _name_or_path: "x" },
    ...{ decay: 0.9999, optimization_step: 12, use_ema_warmup: true, something_new: null },
  };
  const found = await read(folderFiles({ config, weights, options }));
  assertEquals(found.network.architecture.kind, "diffusers-unet");
});

Deno.test("diffusers: damaged, missing and contradictory files are told in one line", async () => {
  const { config, weights, files, without } = await plainWeights();
  const [name, scheduler] = [
    "unet/diffusion_pytorch_model.safetensors",
    "scheduler/scheduler_config.json",
  ];
  const changed = (key: string, bytes: Uint8Array<ArrayBuffer> | undefined) => {
    const some = new Map(files);
    if (bytes === undefined) some.delete(key);
    else some.set(key, bytes);
    return some;
  };
  const text = (content: string) => new TextEncoder().encode(content);
  const bytes = files.get(name)!;
  const extra = new Map(weights).set("more", weights.get("conv_in.bias")!);
  const twice = new Map(weights)
    .set("up_blocks.1.attentions.0.query.bias", weights.get("up_blocks.1.attentions.0.to_q.bias")!);
  const fewer = new Map([...weights].filter(([key]) => key !== "conv_in.bias"));
  const infinite = new Map(weights).set("conv_in.bias", {
    ...{ dtype: "F32", shape: [8], data: new Float32Array(8).fill(NaN) },
  });
  const indexed = (map: unknown) =>
    new Map([...without, [`${name}.index.json`, json({ weight_map: map })]]);
  const cases: [Files, string][] = [
    [changed(name, bytes.slice(0, 500)), "truncated"],
    [changed(name, new Uint8Array(0)), name],
    [changed("model_index.json", text("{")), "the config is not JSON"],
    [changed(name, undefined), "lacks the network's weights (unet/diffusion_pytorch_model"],
    [changed(scheduler, undefined), "lacks the scheduler's config, which tells the noise"],
    [changed("unet/config.json", undefined), "lacks the UNet's config (unet/config.json"],
    [changed("unet/config.json", text("{")), "the config is not JSON"],
    [changed("unet/config.json", text("[1]")), "it is no object with options"],
    [changed(scheduler, text('{"a":1,"a":2}')), 'the config names "a" twice'],
    [changed(name, writeSafetensors(extra)), "the array more belongs to no parameter"],
    [changed(name, writeSafetensors(twice)), "is there twice, by its old name and its new one"],
    [changed(name, writeSafetensors(fewer)), "conv_in.bias is missing"],
    [changed(name, writeSafetensors(infinite)), "conv_in.bias holds NaN"],
    [
      folderFiles({ config, weights, options: { block_out_channels: [8, 16] } }),
      "has shape [12,8,3,3], the network needs [16,8,3,3], by unet/config.json",
    ],
    [indexed({ a: "../../secret.safetensors" }), "names no file of this folder"],
    [indexed({ a: "part.safetensors" }), "lacks a part of the weights (unet/part.safetensors)"],
    [indexed(7), "it names no files"],
    [new Map(), "holds no network of diffusers"],
  ];
  for (const [each, word] of cases) {
    const error = await assertRejects(() => read(each));
    assert(isToolkitError(error), `${error}`);
    assert(error.message.includes(word), `${word}: ${error.message}`);
    assert(!error.message.includes("\n") && error.message.includes("nets/mine"), error.message);
  }
});

Deno.test("diffusers: folders are told from those of runs, which have a config.json too", async () => {
  const recognize = (files: Files) => foreignFolderOf(memoryFolder(files));
  const run: Files = new Map([["config.json", json({ command: "train", config: {} })]]);
  assertEquals(await recognize(run), undefined);
  assertEquals(await recognize(new Map()), undefined);
  for (const name of ["model_index.json", "unet/config.json", "scheduler_config.json"]) {
    assert(await recognize(new Map([...run, [name, json({})]])) !== undefined, name);
  }
  assert(await recognize(new Map([["config.json", json({ _class_name: "X" })]])) !== undefined);
});

Deno.test("diffusers: a bare state dict is told apart, and where its options are", async () => {
  const { weights } = await readCase("plain");
  await assertRejects(
    () => readAnyWeights(writeTorchStateDict(new Map(weights) as never), "unet.pt"),
    Error,
    "unet.pt: its parameters are those of a UNet of diffusers, or an attention-unet, whose options",
  );
});

Deno.test("diffusers: the description of a network is checked field by field", async () => {
  const { config, weights } = await readCase("plain");
  const { network } = await read(folderFiles({ config, weights }));
  const text = JSON.stringify(network.architecture);
  assertEquals(parseArchitecture(text, "a"), network.architecture);
  const changed = (fields: object) => JSON.stringify({ ...network.architecture, ...fields });
  for (
    const [fields, word] of [
      [{ addAttention: 1 }, "addAttention is 1, expected true or false"],
      [{ normEps: 2 }, "normEps is 2, expected a number from 0 to 1"],
      [{ midBlockScaleFactor: 0 }, "midBlockScaleFactor is 0"],
      [{ upAttention: [2, 0] }, "upAttention is [2,0]"],
      [{ padding: "circular" }, "its padding is circular"],
    ] as const
  ) {
    await assertRejects(
      () => Promise.resolve().then(() => parseArchitecture(changed(fields), "a")),
      Error,
      word,
    );
  }
  createNetwork(network.architecture as never);
});
