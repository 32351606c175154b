import { webgpuPosterior } from "../../src/kernels/webgpu/webgpu_posterior.ts";
import { conformance } from "./conformance.ts";
const shared = webgpuPosterior();
conformance(() => ({ ...shared, dispose: () => Promise.resolve() }), { tolerance: 1e-5, reason: "x" });
