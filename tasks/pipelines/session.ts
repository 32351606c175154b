/** What a verb works with: network, images, devices and run folder, opened and closed together. */
import type { ImageDataset } from "../../src/datasets/dataset.ts";
import { type BackendChoice, type BackendInfo, startBackend } from "../../src/networks/backend.ts";
import type { PatchPosterior } from "../../src/posterior/patch_posterior.ts";
import type { RunConfig } from "../../src/runs/run_record.ts";
import type { Run } from "../../src/runs/run_folder.ts";
import type { ProgressReporter } from "../cli/progress.ts";
import {
  createPosterior,
  describeAs,
  describePosterior,
  devicesLine,
  type PosteriorChoice,
} from "./posterior.ts";
import { readingWith } from "./reading.ts";
import { closeShare, openShare, type Share, type ShareContext, wholeShare } from "./share.ts";
import { type ImageFlags, type LoadedNetwork, loadMachineImages } from "./sources.ts";

/** What all work needs: where the network computes, when to stop, and where progress is told. */
export interface WorkContext {
  readonly backend: BackendInfo;
  readonly abort: AbortSignal;
  readonly progress: ProgressReporter;
}

/** Work with a network alone, in a run folder. */
export interface NetworkSession extends WorkContext {
  readonly network: LoadedNetwork;
  readonly run: Run;
  /** Which of the samples are made here. */
  readonly share: Share;
}

/** Work with a network and machines, in a run folder. */
export interface Session extends NetworkSession {
  /** The machines' images. */
  readonly data: ImageDataset;
  /** What computes the machines. */
  readonly posterior: PatchPosterior;
}

/** What a verb hands on of its command line. */
export interface VerbContext<Flags> extends Omit<ShareContext, "flags"> {
  readonly flags: Flags & ShareContext["flags"];
  readonly abort: AbortSignal;
}

/** Flags of a session without machines. */
export interface NetworkSessionFlags {
  readonly backend: BackendChoice;
  /** Folder of the runs. */
  readonly out: string;
  readonly fresh?: boolean;
}

/** Flags of a session. */
export interface SessionFlags extends NetworkSessionFlags, ImageFlags {
  readonly posterior: PosteriorChoice;
  readonly workers?: number | undefined;
}

/** What decides the run of a session. */
export interface SessionRequest<Parts> {
  readonly network: LoadedNetwork;
  /** The verb, in the run's name. */
  readonly command: string;
  readonly label: string;
  /** Everything that decides the result: the configuration by which `openRun` knows the run. */
  readonly identity: (parts: Parts) => RunConfig;
  /** Samples, over which the work can be split; absent: it cannot. */
  readonly samples?: number | undefined;
}

/** The parts of a session that its run is identified by. */
export type SessionParts = Pick<Session, "network" | "data" | "backend" | "posterior">;

/** Opens a run of a network alone; disposing of the session lets others open it. */
export async function openNetworkSession(
  context: VerbContext<NetworkSessionFlags>,
  request: SessionRequest<Pick<NetworkSession, "network" | "backend">>,
): Promise<NetworkSession & AsyncDisposable> {
  const { flags, abort, progress } = context;
  const { network } = request;
  const parts = { network, backend: await startBackend(flags.backend), progress, abort };
  const opened = await openSessionRun(parts, { ...request, ...flags, context });
  return { ...parts, ...opened, [Symbol.asyncDispose]: () => closeShare(opened) };
}

/**
 * Loads the machines' images, starts the devices and opens the run. Disposing of the session ends the
 * machines' workers and lets others open the run.
 *
 * @throws CommandError if the images do not fit the network.
 * @throws DeviceUnavailableError if a GPU was asked for and there is none.
 */
export async function openSession(
  context: VerbContext<SessionFlags>,
  request: SessionRequest<SessionParts>,
): Promise<Session & AsyncDisposable> {
  const { flags, abort, progress } = context;
  await using opened = new AsyncDisposableStack();
  const { network } = request;
  const data = await loadMachineImages(network, { ...flags, ...readingWith({ progress, abort }) });
  const backend = await startBackend(flags.backend);
  const posterior = opened.adopt(await createPosterior(flags, backend), (each) => each.dispose());
  const parts = { network, data, backend, posterior, abort, progress };
  const shared = await openSessionRun(parts, { ...request, ...flags, context });
  opened.defer(() => closeShare(shared));
  progress.note(devicesLine(backend, posterior));
  const open = opened.move();
  return { ...parts, ...shared, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

/** Work with machines alone, in a run folder: no network is asked. */
export type MachineSession = Omit<Session, "network">;

/** Starts the devices and opens the run of work with images that are there already, without a network. */
export async function openMachineSession(
  context: VerbContext<SessionFlags>,
  request: Omit<SessionRequest<Omit<SessionParts, "network">>, "network"> & {
    readonly data: ImageDataset;
  },
): Promise<MachineSession & AsyncDisposable> {
  const { flags, abort, progress } = context;
  await using opened = new AsyncDisposableStack();
  const { data } = request;
  const backend = await startBackend(flags.backend);
  const posterior = opened.adopt(await createPosterior(flags, backend), (each) => each.dispose());
  const parts = { data, backend, posterior, abort, progress };
  const shared = await openSessionRun(parts, { ...request, ...flags, context });
  opened.defer(() => closeShare(shared));
  progress.note(`Machine on ${describePosterior(posterior)}`);
  const open = opened.move();
  return { ...parts, ...shared, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

/** Opens the run of one part of longer work, whose images and devices outlive the session. */
export async function openPart(
  parts: SessionParts & WorkContext,
  request: Omit<SessionRequest<SessionParts>, "network"> & { readonly out: string },
): Promise<Session & Disposable> {
  const { run } = await openSessionRun(parts, request);
  return { ...parts, run, share: wholeShare, [Symbol.dispose]: () => run[Symbol.dispose]() };
}

/** The devices of a session; one with a network alone has no machine. */
type Devices = Pick<WorkContext, "backend" | "progress"> & Partial<Pick<Session, "posterior">>;

/** Opens the run, or that of a share; shards that are merged say where they were made. */
async function openSessionRun<Parts extends Devices>(
  parts: Parts,
  { out, fresh = false, command, label, identity, samples, context }:
    & Omit<SessionRequest<Parts>, "network">
    & Pick<NetworkSessionFlags, "out" | "fresh">
    & { readonly context?: ShareContext },
): Promise<Pick<NetworkSession, "run" | "share" | "backend">> {
  const { backend, posterior, progress } = parts;
  const splitting = {
    ...{ out, command, label, fresh, over: "samples", total: samples ?? 1 } as const,
    about: {
      backend: { name: backend.name, adapter: backend.adapter },
      ...posterior && { posterior: describePosterior(posterior) },
    },
  };
  const whole = { flags: {}, progress, print: () => {} };
  const opened = await openShare(identity(parts), splitting, {
    ...samples === undefined ? { ...whole, flags: { shard: "none" } } : context ?? whole,
  });
  const { run, share } = opened;
  progress.note(run.status);
  if (share.role !== "merge") return { ...opened, backend };
  const { about = {} } = share.merged.header;
  const made = about as { readonly backend?: Partial<BackendInfo>; readonly posterior?: string };
  if (posterior && made.posterior !== undefined) describeAs(posterior, made.posterior);
  return { ...opened, backend: { ...backend, ...made.backend } };
}
