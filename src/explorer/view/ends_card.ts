/// <reference lib="dom" />
/** The final images of machine and network, and which training images the guess is made of. */
import { pearson } from "../../core/statistics.ts";
import { at, write } from "./elements.ts";
import { type Frame, Memory, type Part } from "./frame.ts";
import { type ImageShares, imageShares, nearestImage } from "./nearest_image.ts";
import { percent, plain } from "./numbers.ts";
import { pictureOf } from "./pixels.ts";
import { Screen } from "./screen.ts";

/** r^2 of two images; null where one is constant or missing. */
export function agreementOf(a: Float32Array | null, b: Float32Array | null): number | null {
  const r = a === null || b === null ? null : pearson(a, b);
  return r === null || Number.isNaN(r) ? null : r * r;
}

/** How many images hold the weight: at least those that are known, where they do not. */
function holdingText({ holding, known }: ImageShares): string {
  return holding === null ? `> ${known.toLocaleString("en-US")}` : holding.toLocaleString("en-US");
}

/** Where both reverse processes end, and what the machine's image is nearest to. */
export class EndsCard implements Part {
  readonly #root: HTMLElement;
  readonly #machine: Screen;
  readonly #network: Screen;
  readonly #nearest: Screen;
  readonly #ends = new Memory();
  readonly #shares = new Memory();
  readonly #found = new WeakMap<Float32Array, ReturnType<typeof nearestImage>>();

  constructor(
    root: HTMLElement,
    options: { readonly shape: Frame["info"]["imageShape"]; readonly resized: () => void },
  ) {
    this.#root = root;
    this.#machine = new Screen(root, "final-machine", options);
    this.#network = new Screen(root, "final-network", options);
    this.#nearest = new Screen(root, "nearest", options);
  }

  render(frame: Frame): void {
    const { info: { imageShape: shape }, machine, network, now } = frame;
    const [a, b] = [machine?.final ?? null, network?.final ?? null];
    this.#machine.paint(() => a && pictureOf(a, { shape }), a);
    this.#network.paint(() => b && pictureOf(b, { shape }), b);
    if (this.#ends.differs(a, b)) {
      const agreement = agreementOf(a, b);
      write(at(this.#root, "agreement"), agreement === null ? "–" : agreement.toFixed(3));
      this.#renderNearest(frame, a);
    }
    const weights = now?.explanation?.imageWeights[0];
    if (this.#shares.differs(weights)) {
      const shares = weights && imageShares(weights);
      write(at(this.#root, "share"), shares ? percent(shares.share) : "–");
      write(
        at(this.#root, "share-text"),
        shares
          ? `of this guess is training image ${shares.image}, the most of any`
          : "largest share of one training image",
      );
      write(at(this.#root, "images"), shares ? holdingText(shares) : "–");
      write(
        at(this.#root, "images-text"),
        `of ${frame.info.dataset.images.toLocaleString("en-US")} training images hold 90 % of it`,
      );
    }
  }

  #renderNearest({ engine, info }: Frame, final: Float32Array | null): void {
    const caption = at(this.#root, "nearest-caption");
    if (final === null) return write(caption, "nearest");
    const nearest = this.#found.get(final) ?? nearestImage(final, {
      count: info.dataset.images,
      trainingImage: engine.trainingImage.bind(engine),
    });
    this.#found.set(final, nearest);
    const { data } = engine.trainingImage(nearest.image);
    this.#nearest.paint(() => pictureOf(data, { shape: info.imageShape }), data);
    this.#nearest.label(
      `Training image ${nearest.image}, the nearest to the machine’s final image`,
    );
    write(caption, `nearest: ${nearest.image}, ${plain(nearest.distance)} off`);
  }
}
