/** Stand-in for the functions of jsr:@std/assert that this package uses, over node:assert. */
import strict from "node:assert/strict";

// deno-lint-ignore no-explicit-any
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

export class AssertionError extends Error {
  override name = "AssertionError";
}
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg || "Expected a truthy value");
}
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  strict.deepStrictEqual(actual, expected, msg);
}
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  strict.notDeepStrictEqual(actual, expected, msg);
}
export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): void {
  strict.strictEqual(actual, expected, msg);
}
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  assert(
    actual !== undefined && actual !== null,
    msg ?? "Expected a value, found null or undefined",
  );
}
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  const bound = tolerance ?? (Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  assert(
    Math.abs(expected - actual) <= bound,
    `${msg ? `${msg}: ` : ""}Expected ${actual} to be within ${bound} of ${expected}`,
  );
}
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  assert(actual > expected, msg ?? `Expected ${actual} > ${expected}`);
}
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  assert(actual >= expected, msg ?? `Expected ${actual} >= ${expected}`);
}
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  assert(actual < expected, msg ?? `Expected ${actual} < ${expected}`);
}
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  assert(actual <= expected, msg ?? `Expected ${actual} <= ${expected}`);
}
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  assert(expected.test(actual), msg ?? `Expected ${JSON.stringify(actual)} to match ${expected}`);
}
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  assert(
    actual.includes(expected),
    msg ?? `Expected ${JSON.stringify(actual)} to include ${JSON.stringify(expected)}`,
  );
}
export function assertInstanceOf<E>(
  actual: unknown,
  // deno-lint-ignore no-explicit-any
  expected: abstract new (...args: any[]) => E,
  msg?: string,
): asserts actual is E {
  assert(actual instanceof expected, msg ?? `Expected an instance of ${expected.name}`);
}
function check<E extends Error>(
  error: unknown,
  errorClass: ErrorClass<E> | undefined,
  includes: string | undefined,
): E {
  assert(error instanceof Error, "A non-Error object was thrown");
  if (errorClass !== undefined) {
    assert(
      error instanceof errorClass,
      `Expected ${errorClass.name}, found ${error.constructor.name}: ${error.message}`,
    );
  }
  if (includes !== undefined) assertStringIncludes(error.message, includes);
  return error as E;
}
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClass?: ErrorClass<E>,
  includes?: string,
): E {
  try {
    fn();
  } catch (error) {
    return check(error, errorClass, includes);
  }
  throw new AssertionError("Expected the function to throw");
}
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass?: ErrorClass<E>,
  includes?: string,
): Promise<E> {
  try {
    await fn();
  } catch (error) {
    return check(error, errorClass, includes);
  }
  throw new AssertionError("Expected the function to reject");
}
