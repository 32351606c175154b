/// <reference lib="dom" />
/** Files that the reader takes along: picture, figure, numbers, and the link. */
import { at, paint } from "./elements.ts";
import { figureSvg } from "./figure_svg.ts";
import type { Frame } from "./frame.ts";
import type { Messages } from "./messages.ts";
import type { Picture } from "./pixels.ts";
import { posteriorJson } from "./posterior_json.ts";

/** Pixels of the picture per unit of the figure. */
const density = 2;

/** Side of a picture's pixel in the figure's files: sharp also where a viewer smooths. */
const magnified = 8;

/** Wires the menu. */
export function wireExports(
  root: HTMLElement,
  { frame, messages, signal }: {
    readonly frame: () => Frame;
    readonly messages: Messages;
    readonly signal: AbortSignal;
  },
): void {
  const menu = at<HTMLDetailsElement>(root, "export");
  menu.addEventListener("click", async ({ target }) => {
    const kind = (target as Element).closest<HTMLElement>("[data-export]")?.dataset.export;
    if (kind === undefined) return;
    menu.open = false;
    menu.querySelector("summary")!.focus();
    try {
      await save(kind, { frame: frame(), messages });
    } catch (error) {
      messages.notice(`Cannot export: ${error instanceof Error ? error.message : error}`);
    }
  });
  addEventListener("click", ({ target }) => {
    if (!menu.contains(target as Node)) menu.open = false;
  }, { signal });
}

async function save(
  kind: string,
  { frame, messages }: { readonly frame: Frame; readonly messages: Messages },
): Promise<void> {
  if (kind === "link") {
    await navigator.clipboard.writeText(location.href);
    return messages.notice("The link to what you see is copied.");
  }
  const text = kind === "json" ? posteriorJson(frame) : figureSvg(frame, { dataUrl });
  if (text === null) return messages.notice("This step is still being computed: try again soon.");
  const { state, now, machineName } = frame;
  const name = `mosaic-${machineName}-step-${now!.i + 1}${
    state.patchSize === null ? "" : `-k-${state.patchSize}`
  }.${kind}`;
  const type = kind === "json" ? "application/json" : "image/svg+xml";
  const blob = kind === "png" ? await pngOf(text) : new Blob([text], { type });
  download(blob, name);
  messages.notice(`Saved ${name}.`);
}

function download(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser reads it after the click.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function dataUrl(picture: Picture): string {
  const small = document.createElement("canvas");
  paint(small, picture);
  const large = document.createElement("canvas");
  large.width = magnified * picture.width;
  large.height = magnified * picture.height;
  const context = large.getContext("2d")!;
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, large.width, large.height);
  return large.toDataURL("image/png");
}

async function pngOf(svg: string): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = density * image.width;
  canvas.height = density * image.height;
  const context = canvas.getContext("2d")!;
  context.imageSmoothingEnabled = false;
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return await new Promise((resolve, reject) =>
    canvas.toBlob((blob) => blob === null ? reject(new Error("no picture")) : resolve(blob))
  );
}
