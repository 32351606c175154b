/// <reference lib="dom" />
/** The reader's choice of light or dark, kept where the reports keep it (src/figures/report_script.ts). */

const key = "els-theme";

/** Whether the page is dark now. */
export function isDark(): boolean {
  const { theme } = document.documentElement.dataset;
  return theme === "dark" ||
    (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
}

/** Wires the choice in the page's head. */
export function wireTheme(
  page: HTMLElement,
  { changed, signal }: { readonly changed: () => void; readonly signal: AbortSignal },
): void {
  const root = document.documentElement;
  const choice = page.querySelector<HTMLFieldSetElement>(".theme")!;
  choice.hidden = false;
  const apply = (theme: string | null) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
    choice.querySelector<HTMLInputElement>(`[value="${root.dataset.theme ?? "auto"}"]`)!.checked =
      true;
    changed();
  };
  apply(kept());
  choice.addEventListener("change", ({ target }) => {
    const { value } = target as HTMLInputElement;
    apply(value);
    try {
      localStorage.setItem(key, value);
    } catch {
      // A page from a disk may have no storage.
    }
  }, { signal });
  addEventListener("storage", (event) => {
    if (event.key === key) apply(event.newValue);
  }, { signal });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed, { signal });
}

function kept(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
