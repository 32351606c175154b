/** What folders are called that hold one part of a data set. */

/** Parts of a folder of images. "extra" is what comes without classes beside the others. */
export type FolderPart = "train" | "validation" | "test" | "extra";

/** Words by which people call the parts, in lower case. */
export const partWords: Readonly<Record<FolderPart, readonly string[]>> = {
  train: ["train", "training", "trainval", "trn"],
  validation: ["val", "valid", "validation", "validate", "dev", "eval", "evaluation", "holdout"],
  test: ["test", "tests", "testing", "tst"],
  extra: ["unlabeled", "unlabelled", "extra", "pred", "predict", "prediction", "unsup"],
};

const partOfWord = new Map(
  Object.entries(partWords).flatMap(([part, all]) => all.map((word) => [word, part as FolderPart])),
);

/** Words that say nothing about the part. */
const fillers = new Set([
  ...["set", "data", "dataset", "images", "image", "imgs", "img", "split", "folder", "part"],
  ...["pictures", "photos"],
]);

/** A name in words: "Training_Set" and "trainingset" are both "training" and "set". */
function wordsOf(name: string): string[] {
  return name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase()
    // As in "test1" and "val2017".
    .replace(/([a-z])(\d+)$/, "$1 $2")
    .split(/[\s_.\-]+/).filter((word) => word !== "")
    .flatMap((word) => {
      const joined = /^(\w+?)(set|data|images|imgs)$/.exec(word);
      return joined !== null && partOfWord.has(joined[1]!) ? joined.slice(1) : [word];
    });
}

/** A part's name, and what else the folder's name says: "seg_train" is train of "seg". */
interface NamedPart {
  readonly part: FolderPart;
  readonly rest: string;
}

function namedPart(name: string): NamedPart | undefined {
  const parts = wordsOf(name);
  const found = parts.filter((word) => partOfWord.has(word));
  if (found.length !== 1) return undefined;
  const rest = parts.filter((word) =>
    word !== found[0] && !fillers.has(word) && !/^\d+$/.test(word)
  ).join(" ");
  return { part: partOfWord.get(found[0]!)!, rest };
}

/** Part that a folder's name alone says, in any case: "Train", "training_set", "VAL"; else undefined. */
export function partOf(name: string): FolderPart | undefined {
  const named = namedPart(name);
  return named?.rest === "" ? named.part : undefined;
}

/**
 * Parts that folders beside each other are called after, by name. Names with a word in common count, such
 * as `seg_train` and `seg_test`, if two parts are there.
 */
export function partsAmong(names: Iterable<string>): Map<string, FolderPart> {
  const all = [...names].flatMap((name) => {
    const named = namedPart(name);
    return named === undefined ? [] : [{ name, ...named }];
  });
  const shared = (rest: string) =>
    new Set(all.filter((each) => each.rest === rest).map(({ part }) => part)).size > 1;
  return new Map(
    all.filter(({ rest }) => rest === "" || shared(rest)).map(({ name, part }) => [name, part]),
  );
}

/** Whether a folder's name says only that images are in it, so that it is no class of them. */
export const isFiller = (name: string): boolean =>
  wordsOf(name).every((word) =>
    fillers.has(word) || /^(jpe?g|png|webp|bmp|jpegimages)s?$/.test(word)
  );
