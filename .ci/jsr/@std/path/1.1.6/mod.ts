/** Stand-in for the functions of jsr:@std/path that this package uses, over node:path. */
import * as path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export function join(...parts: string[]): string {
  return path.join(...parts);
}
export function dirname(p: string): string {
  return path.dirname(p);
}
export function basename(p: string, suffix?: string): string {
  return path.basename(p, suffix);
}
export function extname(p: string): string {
  return path.extname(p);
}
export function resolve(...parts: string[]): string {
  return path.resolve(...parts);
}
export function relative(from: string, to: string): string {
  return path.relative(from, to);
}
export function fromFileUrl(url: string | URL): string {
  return fileURLToPath(url);
}
export function toFileUrl(p: string): URL {
  return pathToFileURL(p);
}
