/** Programs in one file each, as a page or Node loads them. */
import { fromFileUrl, join } from "@std/path";

/** Options of {@linkcode bundle}. */
export interface BundleOptions {
  /** Folder that the bundles go to, under the names of the programs. */
  readonly to: string;
  /** What the programs will run in. */
  readonly platform: "browser" | "deno";
}

/** Bundles programs that lie beside this file. */
export async function bundle(
  programs: readonly string[],
  { to, platform }: BundleOptions,
): Promise<void> {
  const here = fromFileUrl(new URL(".", import.meta.url));
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "-q", "--platform", platform, "--outdir", to],
      ...programs.map((name) => join(here, `${name}.ts`)),
    ],
    cwd: fromFileUrl(new URL("../..", import.meta.url)),
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
