/** The guided tour of the page: from noise to "k grows, and it memorizes". */
import type { MachineName } from "../machines/machine_table.ts";
import type { ExplorerState, TourStep } from "./contract.ts";

/** What the tour shows of the first stored sample, and a page should bring along: calibrated scales where null. */
export const tourNeeds: readonly {
  readonly machine: MachineName;
  readonly patchSize: number | null;
}[] = [
  { machine: "bbELS", patchSize: null },
  { machine: "IS", patchSize: null },
  { machine: "bbELS", patchSize: 3 },
  { machine: "bbELS", patchSize: 7 },
  { machine: "bbELS", patchSize: 15 },
  { machine: "bbELS", patchSize: 31 },
];

/** Two pixels of the stroke that the first stored MNIST sample becomes: in its middle, and at its lower end. */
const pins = [15 * 32 + 22, 23 * 32 + 15];

/** What the steps have in common. */
const start = {
  noise: { kind: "stored", index: 0 },
  strokes: [],
  machine: "bbELS",
  patchSize: null,
  pins,
  pin: 0,
  view: "image",
} satisfies Partial<ExplorerState>;

/** Its steps. All numbers are those of the MNIST page: tests/explorer/tour_test.ts computes them. */
export const tour: readonly TourStep[] = [
  {
    title: "It begins with noise",
    text: [
      "Every pixel on the left has got a random value. There is no picture in it yet.",
      "From here an image is made in a few steps. Each step guesses what clean image could lie " +
      "under the noise, and takes some of the noise away. The first guess is a gray haze: the " +
      "average of everything that it could be.",
    ],
    state: { ...start, step: 0 },
    parts: ["noise", "time"],
    try: "Press play and watch the haze turn into a stroke. Then move the slider back.",
  },
  {
    title: "A network makes the guesses",
    text: [
      "A neural network learned to guess by practice: it was shown thousands of training images " +
      "with noise on them, and was corrected each time.",
      "Beside it is a machine. It has learned nothing. It computes its guess from the training " +
      "images by one formula, and yet the two guesses look alike. The next steps take the machine " +
      "apart, to see what the network does.",
    ],
    state: { ...start, step: 5 },
    parts: ["network-image", "machine-image"],
    try: "Move the time slider: the two stay together until the end.",
  },
  {
    title: "The perfect guess only copies",
    text: [
      "What is the best guess of all? Compare the whole noisy image with each training image, and " +
      "average the training images: the more alike, the more weight. This machine, called IS, does so.",
      "At the end one training image has all the weight. Perfect guesses make a copy, and never " +
      "anything new. So the network, which does make new images, cannot be perfect. What holds it back?",
    ],
    state: { ...start, machine: "IS", step: 7 },
    parts: ["machine-image", "patches"],
    try: "Go back in time: when does one training image begin to win?",
  },
  {
    title: "A network looks through a window",
    text: [
      "A convolutional network answers at a pixel from what it sees near that pixel: from a square " +
      "window, k pixels wide. It uses the same rule everywhere, so inside the image it does not " +
      "know where it is. Only near a border it can tell.",
      "The square in the picture is that window, around the pixel that is pinned.",
    ],
    state: { ...start, step: 4 },
    parts: ["machine-image", "patch-size"],
    try: "Click on another pixel, or move the pin with the arrow keys.",
  },
  {
    title: "Each pixel is an average of patches",
    text: [
      "What is the best guess through a window? Compare the window with every patch of the same " +
      "size, anywhere in the training images. The answer at the pixel is the average of the " +
      "patches' center pixels, and patches that are more alike have more weight.",
      "That is all that the machine bbELS does. Here are the heaviest patches of the pinned pixel. " +
      "Most of the weight is spread over many others.",
    ],
    state: { ...start, step: 6 },
    parts: ["patches", "formula"],
    try: "Click on a patch: it opens the training image that it comes from.",
  },
  {
    title: "The window shrinks",
    text: [
      "In much noise only wide windows tell anything: k is 15 at first. Even so nearly all patches " +
      "weigh the same, more than half a million of them.",
      "As the noise goes, small details can be trusted. The window shrinks to 5 pixels, and only " +
      "patches that fit keep their weight: at the pinned pixel under two thousand. (The widths k " +
      "were found by comparing with the network. Nothing else was fitted.)",
    ],
    state: { ...start, step: 7 },
    parts: ["strip", "time"],
    try: "Choose the second pin: other patches win there.",
  },
  {
    title: "The image is a mosaic",
    text: [
      "Now each pixel has the color of the training image that its heaviest patch comes from. " +
      "Neighbors often come from different images: the stroke is put together from dozens.",
      "Nobody drew this stroke, and no training image is close to it. That is where new images " +
      "come from: each window fits, the whole is new. And the network drew the same.",
    ],
    state: { ...start, step: 7, view: "source" },
    parts: ["mosaic", "final-images"],
    try: "Show the guess as image, copied, shift and weight, too.",
  },
  {
    title: "k grows, and it memorizes",
    text: [
      "Let the machine look farther: with k at 31 a window holds almost the whole image. Then the " +
      "patches that fit are all in one training image, and the stroke is gone: out comes a copy.",
      "With k at 3 it sees too little, and only dots are left. In between lie the images that are " +
      "new and hold together. What the network cannot see is what makes it creative.",
    ],
    state: { ...start, patchSize: 31, step: 7, view: "source" },
    parts: ["patch-size", "mosaic"],
    try: "Set the patch size to 3, 7, 15 and 31, and compare the final images.",
  },
];
