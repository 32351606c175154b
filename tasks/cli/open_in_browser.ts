import { resolve } from "@std/path";

/** Programs that open a file with what the desktop has for it, by system. */
const openers: Readonly<Partial<Record<typeof Deno.build.os, readonly (readonly string[])[]>>> = {
  darwin: [["open"]],
  windows: [["rundll32", "url.dll,FileProtocolHandler"]],
  // wslview: Linux within Windows.
  linux: [["wslview"], ["xdg-open"]],
};

/** Some systems wait with the program's end until the browser is closed. */
const patienceMs = 3000;

/** Opens a file, or an address, in the user's browser; false where there is none, such as over ssh. */
export async function openInBrowser(path: string): Promise<boolean> {
  for (const [program, ...args] of openers[Deno.build.os] ?? []) {
    try {
      const child = new Deno.Command(program!, {
        args: [...args, /^https?:/.test(path) ? path : resolve(path)],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      child.unref();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const still = new Promise<true>((done) => timer = setTimeout(() => done(true), patienceMs));
      const opened = await Promise.race([child.status.then(({ success }) => success), still]);
      clearTimeout(timer);
      if (opened) return true;
    } catch (error) {
      const absent = [Deno.errors.NotFound, Deno.errors.PermissionDenied, Deno.errors.NotCapable];
      if (!absent.some((kind) => error instanceof kind)) throw error;
    }
  }
  return false;
}
