import { basename, join } from "@std/path";
import { DataFormatError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { defaultMaxPixels } from "../formats/pixel_limit.ts";
import { partOfPath } from "./array_images.ts";
import { classLabels } from "./class_labels.ts";
import { createImageDecoder } from "./decode_image.ts";
import type { FileTree } from "./image_files.ts";
import { readImages } from "./image_folder_files.ts";
import { locateDataset } from "./locate_files.ts";
import { kindOf, withFile } from "./open_files.ts";
import { type ImageColumns, imageColumns } from "./parquet_columns.ts";
import { openParquet, type ParquetTable } from "./parquet_table_files.ts";
import { PictureTally } from "./picture_tally.ts";
import { searchFiles } from "./search_files.ts";
import type { DatasetSource, SplitName } from "./source.ts";
import { squarePictures } from "./square_pictures.ts";

/**
 * Images in Parquet files, as Hugging Face keeps its data sets: a folder of them, such as
 * `data/train-00000-of-00002.parquet`, or one file. Pictures are treated as those of a folder.
 */
export const parquetSource: DatasetSource = {
  name: "parquet",
  about: {
    what: "images in Parquet files as Hugging Face's data sets have them, with labels",
    license: "that of the images; the data set's card says it",
  },
  splits: ["train", "validation", "test"],
  async open(request) {
    const { size, channels, from, skipUnreadable = false, maxPixels = defaultMaxPixels } = request;
    const { split, part = split } = request;
    if (from === undefined) {
      throw new DataFormatError("parquet", "no file is named", {
        remedy: (say) => `name the .parquet file, or their folder, with ${say.option("from")}`,
      });
    }
    await locateDataset("parquet", { from, folders: [] });
    const paths = await shardsOf(from, part);
    const tables: ParquetTable[] = [];
    for (const path of paths) {
      tables.push(await openParquet((work) => withFile(path, work), { source: path }));
    }
    const columns = sameColumns(tables);
    const { labels, classNames } = await labelsOf(tables, columns);
    const rows = tables.flatMap((table) =>
      Array.from({ length: table.starts.at(-1)! }, (_, row) => ({ table, row }))
    );
    if (rows.length === 0) throw new DataFormatError(from, "its tables have no rows");
    const files = picturesOf(rows, columns, from);
    const decode = await createImageDecoder({ maxPixels });
    const tally = new PictureTally({ size, channels });
    const prepare = squarePictures({ size, channels, tally });
    const { images, labels: labelColumn } = columns;
    return {
      labels: classLabels(labels, Math.max(1, classNames.length)),
      classNames,
      choice: classNames.length > 0 ? "of each class" : "first",
      remarks: {
        opened: [
          `${basename(from)}: ${rows.length.toLocaleString("en")} rows of the ${part} part in ` +
          `${paths.length} file${paths.length === 1 ? "" : "s"}, pictures in ${quoted(images)}, ` +
          (labelColumn === undefined
            ? "no labels"
            : `${classNames.length} classes in ${quoted(labelColumn)}`),
        ],
        read: () => tally.lines(),
      },
      read: (chosen, options) =>
        readImages(files, [...chosen], { ...{ decode, prepare, skipUnreadable, ...options } }),
    };
  },
};

/** The files of a part, in order. */
async function shardsOf(from: string, part: SplitName): Promise<readonly string[]> {
  if (await kindOf(from) === "file") {
    const own = partOfPath(basename(from));
    if ((own ?? "train") === part) return [from];
    throw new DataFormatError(from, `by its name it is the ${own ?? "train"} part, not ${part}`, {
      remedy: (say) => `name the file or folder of that part with ${say.option("from")}`,
    });
  }
  const { files } = await searchFiles(from, { wanted: (name) => /\.parquet$/i.test(name) });
  const all = files.map(({ path }) => path);
  const named = all.filter((path) => partOfPath(path) === part);
  const chosen = named.length > 0
    ? named
    : part === "train"
    ? all.filter((path) => partOfPath(path) === undefined)
    : [];
  if (chosen.length === 0) {
    throw new DataFormatError(
      from,
      all.length === 0
        ? "no .parquet file in it or in the folders below"
        : `no .parquet file of the ${part} part in it; there are ${quoted(all.slice(0, 3))}`,
    );
  }
  const folders = [...new Set(chosen.map((path) => path.slice(0, path.lastIndexOf("/") + 1)))];
  if (folders.length > 1) {
    throw new DataFormatError(
      from,
      `both ${quoted(folders[0])} and ${quoted(folders[1])} in it hold files of the ${part} part`,
      { remedy: (say) => `name one of these folders with ${say.option("from")}` },
    );
  }
  checkWhole(chosen, from);
  return chosen.map((path) => join(from, path));
}

/** Refuses a part of which some of the files are missing: `-00000-of-00002`. */
function checkWhole(paths: readonly string[], from: string): void {
  const places = paths.map((path) => /-(\d+)-of-(\d+)[^/]*$/.exec(path));
  const count = Number(places.find((place) => place !== null)?.[2] ?? 0);
  const here = new Set(places.map((place) => Number(place?.[1] ?? -1)));
  for (let i = 0; i < Math.min(count, 100_000); i++) {
    if (here.has(i)) continue;
    throw new DataFormatError(
      from,
      `file ${i + 1} of ${count} of this part is missing beside ${quoted(paths[0])}`,
    );
  }
}

/** The columns of all files, which must be alike. */
function sameColumns(tables: readonly ParquetTable[]): ImageColumns {
  const [first, ...others] = tables.map((table) => imageColumns(table.metadata, table.source));
  const shown = (columns: ImageColumns | undefined) => JSON.stringify(columns);
  const other = others.findIndex((columns) => shown(columns) !== shown(first));
  if (other >= 0) {
    throw new DataFormatError(
      tables[other + 1]!.source,
      `its columns or classes are others than those of ${tables[0]!.source}`,
    );
  }
  return first!;
}

/** Classes that a file may name or number. */
const mostClasses = 2 ** 16;

async function labelsOf(
  tables: readonly ParquetTable[],
  { labels: column, classNames }: ImageColumns,
): Promise<{ readonly labels: readonly number[]; readonly classNames: readonly string[] }> {
  const labels: number[] = [];
  const allowed = classNames?.length ?? mostClasses;
  for (const { source, read, starts } of tables) {
    for (let group = 0; group + 1 < starts.length; group++) {
      const count = starts[group + 1]! - starts[group]!;
      const values = column === undefined
        ? new Array<unknown>(count).fill(0)
        : await read(column, group);
      if (values.length !== count) {
        throw new DataFormatError(source, `${values.length} labels in a group of ${count} rows`);
      }
      for (const value of values) {
        const label = Number(value ?? NaN);
        if (!(Number.isInteger(label) && label >= 0 && label < allowed)) {
          throw new DataFormatError(
            source,
            `label ${quoted(value)} of row ${labels.length}, expected 0 to ${allowed - 1}`,
          );
        }
        labels.push(label);
      }
    }
  }
  if (column === undefined) return { labels, classNames: [] };
  const classes = labels.reduce((a, b) => Math.max(a, b), -1) + 1;
  return {
    labels,
    classNames: classNames ?? Array.from({ length: classes }, (_, label) => `${label}`),
  };
}

/** The rows as the files of a folder; a group of rows is kept until one of another is asked for. */
function picturesOf(
  rows: readonly { readonly table: ParquetTable; readonly row: number }[],
  { images, isStruct }: ImageColumns,
  from: string,
): FileTree {
  let kept: { table: ParquetTable; group: number; values: readonly unknown[] } | undefined;
  return {
    source: from,
    paths: rows.map(({ table, row }) => `${basename(table.source)} row ${row}`),
    links: 0,
    isArchive: true,
    confirm: () => Promise.resolve(),
    async read(index) {
      const { table, row } = rows[index]!;
      const group = table.starts.findLastIndex((start) => start <= row);
      if (kept?.table !== table || kept.group !== group) {
        kept = undefined;
        kept = { table, group, values: await table.read(images, group) };
      }
      const value = kept.values[row - table.starts[group]!] as
        | { bytes?: unknown; path?: unknown }
        | null
        | undefined;
      const bytes = isStruct ? value?.bytes : value;
      if (bytes instanceof Uint8Array) return bytes;
      const path = isStruct && typeof value?.path === "string"
        ? `, only the path ${quoted(value.path)}`
        : "";
      throw new DataFormatError(`${table.source} row ${row}`, `it has no picture in it${path}`);
    },
  };
}
