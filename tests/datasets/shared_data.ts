/** Real data for development, beside the repository on some machines, never inside it. */
import { fromFileUrl } from "@std/path";

/** Where a file of the shared data is, and what to append to the name of a test that needs it. */
export async function sharedData(
  name: string,
): Promise<{ readonly path: string | undefined; readonly note: string }> {
  const path = fromFileUrl(new URL(`../../../shared/data/${name}`, import.meta.url));
  try {
    await Deno.stat(path);
    return { path, note: "" };
  } catch {
    return { path: undefined, note: ` (left out: ../shared/data/${name} is not here)` };
  }
}
