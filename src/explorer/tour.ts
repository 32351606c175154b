/** The guided tour of the page. */
import type { TourStep } from "./contract.ts";

/** Its steps, from noise to memorization. */
export const tour: readonly TourStep[] = [
  {
    title: "It begins with noise",
    text: [
      "The image at the left is noise. Step by step, both the machine and the network turn it into a picture.",
    ],
    state: { step: 0, view: "image" },
    parts: ["noise", "time"],
    try: "Move the time slider from left to right.",
  },
  {
    title: "Every pixel is a mixture of training patches",
    text: [
      "The machine looks at a small window around a pixel, and at all windows of the training images. The more alike they are, the more they weigh.",
    ],
    state: { step: 5, view: "source" },
    parts: ["patches", "mosaic"],
  },
];
