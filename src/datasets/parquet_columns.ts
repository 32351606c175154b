/** Which columns of a Parquet file are images and labels, and what the classes are called. */
import type { FileMetaData, SchemaElement } from "hyparquet";
import { DataFormatError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { parseJson } from "../formats/parse_json.ts";

/** The columns of a data set of images. */
export interface ImageColumns {
  readonly images: string;
  /** Whether the pictures are a field `bytes` of the column, as Hugging Face's data sets have them. */
  readonly isStruct: boolean;
  /** Column of whole numbers; absent: there are no classes. */
  readonly labels?: string;
  /** Names of the classes; absent: the file does not say. */
  readonly classNames?: readonly string[];
}

interface Column {
  readonly name: string;
  readonly element: SchemaElement;
  readonly children: readonly Column[];
}

/** Levels of nesting: an image has one, records of text some. */
const deepestSchema = 32;

/** The columns at the top of the schema, which lists all in one row, each with the number of its children. */
function columnsOf(schema: readonly SchemaElement[], source: string): readonly Column[] {
  let at = 0;
  const take = (depth: number): Column => {
    const element = schema[at++];
    if (element === undefined || depth > deepestSchema) {
      throw new DataFormatError(source, "its schema is damaged");
    }
    const count = element.num_children ?? 0;
    const children: Column[] = [];
    for (let i = 0; i < count; i++) children.push(take(depth + 1));
    return { name: element.name, element, children };
  };
  return take(0).children;
}

const isBytes = ({ element, children }: Column) =>
  children.length === 0 && element.type === "BYTE_ARRAY" && element.repetition_type !== "REPEATED";
const isPicture = ({ children }: Column) =>
  children.some((child) => child.name === "bytes" && isBytes(child));
const isText = ({ element }: Column) =>
  element.converted_type === "UTF8" || element.logical_type?.type === "STRING";
const isWhole = ({ element, children }: Column) =>
  children.length === 0 && element.repetition_type !== "REPEATED" &&
  (element.type === "INT32" || element.type === "INT64");

/**
 * Finds the columns of images and labels: by what Hugging Face's library wrote of them, and by their types
 * and names (`image`, `img`; `label`, `labels`, `fine_label`).
 *
 * @throws DataFormatError if there are no images, or columns between which nothing decides.
 */
export function imageColumns(metadata: FileMetaData, source: string): ImageColumns {
  const columns = columnsOf(metadata.schema, source);
  const shown = quoted(columns.map(({ name }) => name));
  const pictures = columns.filter(isPicture);
  const named = (all: readonly Column[], names: readonly string[]) =>
    names.map((name) => all.find((each) => each.name === name)).find((each) => each !== undefined);
  const raw = columns.filter((each) => isBytes(each) && !isText(each));
  const images = named(pictures, ["image", "img"]) ?? only(pictures) ??
    named(raw, ["image", "img", "bytes"]);
  if (images === undefined) {
    const several = pictures.length > 1
      ? `, ${pictures.length} of them pictures, none called image or img`
      : ", none of pictures";
    throw new DataFormatError(
      source,
      `its columns are ${shown}${several}; expected "image" with bytes and path, as Hugging Face's ` +
        "data sets have it",
    );
  }
  const features = featuresOf(metadata, source);
  const whole = columns.filter(isWhole);
  const classes = whole.filter(({ name }) => namesOf(features.get(name)) !== undefined);
  const labels = named(whole, ["label", "labels", "fine_label"]) ?? only(classes);
  if (labels === undefined && classes.length > 1) {
    throw new DataFormatError(
      source,
      `the columns ${
        quoted(classes.map(({ name }) => name))
      } are classes, and none is called label`,
      { remedy: () => "keep one of them" },
    );
  }
  const classNames = labels && namesOf(features.get(labels.name));
  return {
    ...{ images: images.name, isStruct: isPicture(images) },
    ...labels && { labels: labels.name },
    ...classNames && { classNames },
  };
}

const only = (columns: readonly Column[]) => columns.length === 1 ? columns[0] : undefined;

/** What Hugging Face's library says of each column; empty where another program wrote the file. */
function featuresOf(metadata: FileMetaData, source: string): ReadonlyMap<string, unknown> {
  const text = metadata.key_value_metadata?.find(({ key }) => key === "huggingface")?.value;
  if (text === undefined) return new Map();
  const said = parseJson(text, { source, what: "its metadata of Hugging Face" });
  const features = field(field(said, "info"), "features");
  return new Map(
    typeof features === "object" && features !== null ? Object.entries(features) : [],
  );
}

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;

/** The names of a feature that is a class label. */
function namesOf(feature: unknown): readonly string[] | undefined {
  const names = field(feature, "names");
  return field(feature, "_type") === "ClassLabel" && Array.isArray(names) &&
      names.every((name) => typeof name === "string")
    ? names
    : undefined;
}
