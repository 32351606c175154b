/** The shaders of the optimizer: fixtures to read, and to see changes. */
import { adamw, squares, verdict } from "../../src/training/adamw_wgsl.ts";
import { testShaders } from "../gpu/test_shaders.ts";

const programs = { adamw_squares: squares, adamw_verdict: verdict, adamw_step: adamw };

testShaders("training", programs);
