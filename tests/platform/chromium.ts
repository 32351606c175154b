/** A real browser for tests: Debian's Chromium, headless, driven by puppeteer-core. */
import puppeteer, { type Browser, type Page } from "puppeteer-core";

const candidates = ["/usr/bin/chromium", "/usr/bin/google-chrome"];

function installed(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Where Chromium lies; undefined where there is none, and tests that need it are to be ignored. */
export const chromiumPath: string | undefined = candidates.find(installed);

/** Says once per file why its tests in a browser do not run: to be called at load. */
export function sayIfSkipped(what: string): void {
  if (chromiumPath === undefined) console.log(`skipped: ${what}: no Chromium in /usr/bin`);
}

const quiet = [
  // Root in a container has no sandbox.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // A page that asks for anything beyond this machine gets an error, which the tests see.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
];

/** Options of {@linkcode withChromium}. */
export interface ChromiumOptions {
  /** More switches for Chromium's command line. */
  readonly args?: readonly string[];
  /** Switches to leave out, such as `--disable-gpu`. */
  readonly without?: readonly string[];
}

/** Lends a fresh browser with an empty profile, which ends with the call. */
export async function withChromium<T>(
  use: (browser: Browser) => Promise<T>,
  { args = [], without = [] }: ChromiumOptions = {},
): Promise<T> {
  if (chromiumPath === undefined) throw new Error("Cannot start Chromium: there is none");
  const userDataDir = await Deno.makeTempDir({ prefix: "chromium-" });
  try {
    const browser = await puppeteer.launch({
      executablePath: chromiumPath,
      userDataDir,
      headless: true,
      args: [...quiet.filter((flag) => !without.includes(flag)), ...args],
      // The listeners would outlive the test.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
    try {
      return await use(browser);
    } finally {
      await browser.close();
    }
  } finally {
    await Deno.remove(userDataDir, { recursive: true });
  }
}

/** Collects what a page complains of (console errors, exceptions, failed requests), from now on. */
export function complaintsOf(page: Page): string[] {
  const found: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") found.push(message.text());
  });
  page.on("pageerror", (error) => {
    found.push(String(error));
  });
  page.on("requestfailed", (request) => {
    found.push(`${request.url()}: ${request.failure()?.errorText}`);
  });
  return found;
}
