/// <reference lib="dom" />
/**
 * The page's program. Its text runs twice: in the page, where it mounts the view on an engine, and in the threads
 * of the machines, which are made of the same text.
 *
 * @module
 */
import { createEngine } from "../engine/engine.ts";
import { serveShare, type SharePort } from "../engine/serve_share.ts";
import type { ShareThread } from "../engine/posterior_pool.ts";
import type { WorkingNetwork } from "../engine/network_thread.ts";
import { inflated } from "../data/blocks.ts";
import { PageData } from "../data/page_data.ts";
import { tour } from "../tour.ts";
import { mountExplorer } from "../view/mount.ts";
import { blockId, programId, rootId } from "./page_html.ts";

/** Deflated bytes of a block of the page. */
function packed(name: string): Uint8Array<ArrayBuffer> | undefined {
  const text = document.getElementById(blockId(name))?.textContent;
  if (!text) return undefined;
  // A loop: Uint8Array.from with a function takes a tenth of a second for each megabyte.
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

/** Makes threads that run a program. */
function threadMaker<Thread>(
  program: () => BlobPart | Promise<BlobPart>,
): () => Promise<Thread> {
  let address: Promise<string> | undefined;
  return async () => {
    address ??=
      (async () => URL.createObjectURL(new Blob([await program()], { type: "text/javascript" })))();
    // Of blobs in a page from a disk Chromium takes no modules.
    return new Worker(await address) as unknown as Thread;
  };
}

async function run(): Promise<void> {
  const data = await PageData.open(packed);
  const own = document.getElementById(programId)!.textContent!;
  const [network, tfjs] = [packed("code-network"), packed("code-tfjs")];
  const engine = await createEngine(data, {
    createThread: threadMaker<ShareThread>(() => own),
    ...network !== undefined && tfjs !== undefined && {
      network: {
        createThread: threadMaker<WorkingNetwork>(() => inflated(network)),
        wasm: () => inflated(tfjs),
      },
    },
  });
  const shown = mountExplorer(document.getElementById(rootId)!, engine, { tour });
  // For tests, and for whoever looks at the page from its console.
  Object.assign(globalThis, { explorer: { engine, shown } });
}

// Threads are no modules, and wait for nothing at their top.
if (typeof document === "undefined") serveShare(globalThis as unknown as SharePort);
else run();
