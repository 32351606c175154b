/// <reference lib="dom" />
/** Elements of the page: found by name in its skeleton, or made. */
import { ArgumentError } from "../../core/errors.ts";

/** Elements that were found once: the skeleton keeps them. */
const known = new WeakMap<ParentNode, Map<string, HTMLElement>>();

/** The element of the skeleton that is called `name` (its `data-at`). */
export function at<T extends HTMLElement = HTMLElement>(root: ParentNode, name: string): T {
  const names = known.get(root) ?? new Map<string, HTMLElement>();
  known.set(root, names);
  const found = (names.get(name) ?? root.querySelector(`[data-at="${name}"]`)) as T | null;
  if (found === null) {
    throw new ArgumentError(
      `Cannot show the page: found no element "${name}", expected those of explorerSkeleton`,
    );
  }
  names.set(name, found);
  return found;
}

/** Makes an element; texts among its children are taken as text, never as HTML. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Puts a text in place, where it is another. */
export function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A canvas of a picture's size, with it on. */
export function paint(
  canvas: HTMLCanvasElement,
  { width, height, data }: {
    readonly width: number;
    readonly height: number;
    readonly data: Uint8ClampedArray<ArrayBuffer>;
  },
): void {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  canvas.getContext("2d")!.putImageData(new ImageData(data, width, height), 0, 0);
}
