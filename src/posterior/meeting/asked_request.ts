/** What is asked of a posterior, so that processes see whether they ask the same. */
import { sha256Hex } from "../../core/sha256.ts";
import type { PosteriorRequest } from "../patch_posterior.ts";

/** A request in plain data: everything that decides its state, given the training images. */
export interface AskedRequest {
  /** SHA-256 of the noisy images, and their shape. */
  readonly x: string;
  readonly shape: readonly number[];
  readonly rule: string;
  readonly scales: readonly number[];
  readonly window: unknown;
  readonly signal: number;
  readonly sigma: number;
  readonly among: string;
}

/** A posterior that all shards sum: the how manieth it is, and what tells it from others. */
export interface Step {
  readonly number: number;
  readonly digest: string;
  readonly asked: AskedRequest;
  /** What names of its records begin with. */
  readonly base: string;
}

/** Names of the fields in words, in the order in which differences are told. */
const inWords: Readonly<Record<keyof AskedRequest, string>> = {
  rule: "the rule",
  shape: "the shape of the noisy images",
  signal: "signal",
  sigma: "sigma",
  scales: "the scales",
  window: "the window",
  among: "the candidates",
  x: "the noisy images (SHA-256)",
};

/** A request as plain data, and 16 hexadecimal digits that tell it from others. */
export async function askedOf(
  { query, rule, scales, window, signal, sigma, among }: PosteriorRequest,
): Promise<{ readonly asked: AskedRequest; readonly digest: string }> {
  const asked: AskedRequest = {
    ...{ x: await sha256Hex(query.data), shape: query.shape, rule, scales: [...scales] },
    ...{ window: window ?? null, signal, sigma, among: among ?? "all images" },
  };
  const text = JSON.stringify(asked);
  return { asked, digest: (await sha256Hex(new TextEncoder().encode(text))).slice(0, 16) };
}

/** The first thing in which two requests differ, in words: "sigma is 0.5 here, 0.7 there". */
export function differenceOf(here: AskedRequest, there: Partial<AskedRequest>): string {
  for (const [field, words] of Object.entries(inWords)) {
    const [mine, theirs] = [here, there].map((each) =>
      JSON.stringify(each[field as keyof AskedRequest] ?? null)
    );
    if (mine !== theirs) return `${words} is ${short(mine!)} here, ${short(theirs!)} there`;
  }
  return "they ask in another order";
}

const short = (text: string) => text.length > 24 ? `${text.slice(0, 13)}..` : text;
