/** Clones on the wasm backend. */
import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertNotEquals } from "@std/assert";
import { startBackend } from "../../src/networks/backend.ts";

Deno.test("wasm backend: clones share their values, which live as long as one of them", async () => {
  await import("@tensorflow/tfjs-backend-wasm");
  await tf.setBackend("wasm");
  const x = tf.tensor1d([1, 2, 3]);
  const copy = tf.clone(x);
  // Where this fails TensorFlow.js has mended it, and wasm_identity.ts may go.
  assertNotEquals(copy.dataId, x.dataId);
  await startBackend("wasm");
  const clone = tf.clone(x);
  assertEquals(clone.dataId, x.dataId);
  x.dispose();
  // Memory that was given back would be taken by this one.
  const other = tf.tensor1d([7, 8, 9]);
  assertEquals(Array.from(await clone.data()), [1, 2, 3]);
  tf.dispose([clone, copy, other]);
  assertEquals(tf.memory().numTensors, 0);
});
