/** What comes with the package of the explorable page: its bundled programs, and the example of MNIST. */
import { fromFileUrl } from "@std/path";
import { ToolkitError } from "../../src/core/errors.ts";
import { type Blocks, readBlocks } from "../../src/explorer/data/blocks.ts";
import { PageData } from "../../src/explorer/data/page_data.ts";
import { pageHtml } from "../../src/explorer/page/page_html.ts";
import { explorerSkeleton } from "../../src/explorer/view/skeleton.ts";
import { explorerStyle } from "../../src/explorer/view/style.ts";
import { CommandError } from "../cli/command.ts";

/** Folder of the package that holds them; `deno task build:page` writes them. */
export const explorerFolder: URL = new URL("../../data/explorer/", import.meta.url);

/** The page's own program, in the page as it is. */
export const pageProgramFile = "page.js";
/** The network's program and TensorFlow.js's WebAssembly, as blocks. */
export const networkProgramFile = "network.bin";
/** Data of the example. */
export const exampleFile = "mnist.bin";

/** Bytes of a file of the folder, which lies where the package does. */
export async function readExplorerFile(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const url = new URL(name, explorerFolder);
  if (url.protocol === "file:") return await Deno.readFile(url);
  const response = await fetch(url);
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  throw new ToolkitError(`Cannot fetch ${url}: the server answers ${response.status}`);
}

/** The example's data. */
export async function exampleBlocks(): Promise<Blocks> {
  if (explorerFolder.protocol === "file:") {
    await Deno.stat(new URL(exampleFile, explorerFolder)).catch(() => {
      throw new CommandError(
        `${
          explorerPath(exampleFile)
        } is missing: the example is not in this clone; name a network with ` +
          "--run zoo:mnist-resnet-zeros",
      );
    });
  }
  return readBlocks(await readExplorerFile(exampleFile), `data/explorer/${exampleFile}`);
}

/** Where a file of the folder lies, for messages. */
export function explorerPath(name: string): string {
  const url = new URL(name, explorerFolder);
  return url.protocol === "file:" ? fromFileUrl(url) : url.href;
}

/** Who else's work is within the page, and under which license. */
const notice = (version: string) =>
  `Made by the ELS toolkit ${version} (MIT). It contains, under their own licenses: TensorFlow.js ` +
  "(Apache-2.0), pako (MIT and Zlib), fflate (MIT), and training images: see the page's foot for " +
  "their source. It loads nothing.";

/** Name of a page's file in a run's folder. */
export const explorerPageFile = "explore.html";

/** The page of the example that comes with the package. */
export async function examplePage(): Promise<string> {
  const blocks = await exampleBlocks();
  return await explorerPage(blocks, await PageData.ofBlocks(blocks));
}

/** The page of some data, with the programs that come with the package. */
export async function explorerPage(
  blocks: Blocks,
  { info, hasNetwork }: PageData,
): Promise<string> {
  const program = new TextDecoder().decode(await readExplorerFile(pageProgramFile));
  const network = hasNetwork
    ? readBlocks(await readExplorerFile(networkProgramFile), explorerPath(networkProgramFile))
    : [];
  return await pageHtml({
    title: `${info.title}: which training patches made this image?`,
    style: explorerStyle,
    skeleton: explorerSkeleton({ title: info.title }),
    program,
    blocks: new Map([...blocks, ...network]),
    notice: notice(info.version),
  });
}
