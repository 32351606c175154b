/** Loads every entry point, and uses of each what the others do not reach; in a browser and in Node. */
import * as workflow from "@els/toolkit";
import * as datasets from "@els/toolkit/datasets";
import * as figures from "@els/toolkit/figures";
import * as formats from "@els/toolkit/formats";
import * as machines from "@els/toolkit/machines";
import * as networks from "@els/toolkit/networks";
import * as quality from "@els/toolkit/quality";
import * as training from "@els/toolkit/training";
import * as zoo from "@els/toolkit/zoo";

/** What a data set on disk and a run folder say here: a browser has no files, only Deno has locks. */
async function problems() {
  const told = (error: Error) => error.message;
  return {
    dataset: await workflow.loadDataset("folder", { from: "nowhere" }).then(String, told),
    // Not a name of a command: where runs can be kept, that is the problem.
    run: await training.openRun({ command: "?", config: {} }).then(String, told),
  };
}

const network = workflow.createNetwork({
  kind: "resnet",
  imageShape: [8, 8, 1],
  padding: "zeros",
  classes: 0,
  width: 8,
  layers: 2,
  kernelSize: 3,
});

/** The noise that a small network without training expects in noise. */
async function networkPrediction(): Promise<number[]> {
  const parameters = networks.initialParameters(network.parameters, new machines.Random(1));
  const schedule = workflow.createSchedule("cosine_legacy");
  const denoiser = workflow.networkDenoiser({ network, parameters, schedule, training: {} });
  const x = workflow.imageBatch(new machines.Random(2).normals(64), [1, 8, 8, 1]);
  const { data } = await denoiser.predict(x, 0.5);
  denoiser.dispose();
  return [...data];
}

/** Everything, as plain data. */
export async function report(...backend: Parameters<typeof workflow.startBackend>) {
  await workflow.startBackend(...backend);
  const { images } = await workflow.loadDataset("synthetic", { images: 3, size: 8 });
  const modules = {
    workflow,
    datasets,
    figures,
    formats,
    machines,
    networks,
    quality,
    training,
    zoo,
  };
  return {
    names: Object.fromEntries(
      Object.entries(modules).map(([name, module]) => [name, Object.keys(module).length]),
    ),
    images: images.shape,
    prediction: await networkPrediction(),
    trained: [...(await workflow.train(network, { images, steps: 2, workers: 1 })).parameters],
    frechet: quality.frechetDistance(
      ...[1, 2].map((seed) => quality.features(new machines.Random(seed).normals(60), [20, 3])) as [
        quality.Features,
        quality.Features,
      ],
    ).distance,
    png: formats.encodePng(machines.sliceBatch(images, 0, 1)).length,
    ...await problems(),
  };
}

/** Parameters of the network that comes first in the zoo, whose files lie at an address. */
export async function zooParameters(base: string): Promise<number> {
  const [first] = zoo.zooEntries;
  const { parameters } = await zoo.loadZooNetwork(first!.name, { base });
  return parameters.length;
}

Object.assign(globalThis, { report, zooParameters });
