/**
 * What a page does beyond HTML: remembers the theme, sorts samples, opens them for a link, and lets
 * the keyboard reach what scrolls. Without scripts nothing but this is missing.
 */

/** For the head: takes the theme up before anything is painted. */
export const themeScript = `
(() => {
  let theme = null;
  // A page from a disk may have no storage.
  try { theme = localStorage.getItem("els-theme"); } catch {}
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();
`.trim();

/** For the end of the body. */
export const pageScript = `
(() => {
  const root = document.documentElement;
  const choice = document.querySelector(".theme");
  choice.hidden = false;
  const show = () => {
    choice.querySelector('[value="' + (root.dataset.theme ?? "auto") + '"]').checked = true;
  };
  show();
  choice.addEventListener("change", ({ target }) => {
    if (target.value === "auto") delete root.dataset.theme;
    else root.dataset.theme = target.value;
    try { localStorage.setItem("els-theme", target.value); } catch {}
  });
  addEventListener("storage", ({ key, newValue }) => {
    if (key !== "els-theme") return;
    if (newValue === "light" || newValue === "dark") root.dataset.theme = newValue;
    else delete root.dataset.theme;
    show();
  });

  const order = document.querySelector(".order");
  if (order !== null) {
    order.hidden = false;
    const list = document.querySelector(".samples");
    const samples = [...list.children];
    order.querySelector("select").addEventListener("change", ({ target }) => {
      const [column, direction] = target.value.split(" ").map(Number);
      const value = (sample) => {
        const text = sample.dataset.values.split(" ")[column];
        return text === "-" ? null : Number(text);
      };
      list.append(...(Number.isNaN(column) ? samples : samples.toSorted((a, b) => {
        const [x, y] = [value(a), value(b)];
        return x === null ? (y === null ? 0 : 1) : y === null ? -1 : direction * (x - y);
      })));
    });
  }

  const open = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    const details = target && target.closest("details");
    if (details && !details.open) {
      details.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", open);
  open();

  const reach = () => {
    for (const box of document.querySelectorAll(".sheet, .scroll")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  addEventListener("resize", reach);
  reach();
})();
`.trim();
