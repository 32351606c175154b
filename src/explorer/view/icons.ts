/** Small pictures on buttons, drawn in the color of their text. */

const icon = (path: string) =>
  `<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">${path}</svg>`;

/** Icons by what they mean, as SVG. */
export const icons = {
  play: icon('<path d="M4 2.5v11l9-5.5z" fill="currentColor"/>'),
  pause: icon('<path d="M4 2.5h3v11H4zM9 2.5h3v11H9z" fill="currentColor"/>'),
  back: icon('<path d="M12 2.5v11L5 8zM3 2.5h1.8v11H3z" fill="currentColor"/>'),
  forth: icon('<path d="M4 2.5v11L11 8zM11.2 2.5H13v11h-1.8z" fill="currentColor"/>'),
  close: icon(
    '<path d="M4 4l8 8M12 4l-8 8" stroke="currentColor" stroke-width="1.8" fill="none"/>',
  ),
} as const;

/** Shapes of pins by their place, as paths around 0, 0 within 5 units. */
export const pinShapes: readonly string[] = [
  "M5 0A5 5 0 1 1 -5 0A5 5 0 1 1 5 0Z",
  "M-4.5 -4.5H4.5V4.5H-4.5Z",
  "M0 -5.5L5.2 4H-5.2Z",
  "M0 -6L6 0L0 6L-6 0Z",
];
