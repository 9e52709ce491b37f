"use strict";
/* The network in plain JavaScript: float32 weights, double arithmetic. */
const LayerwiseNetwork = (() => {
  const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  function halfToNumber(h) {
    const sign = h & 0x8000 ? -1 : 1, exponent = (h >> 10) & 31, part = h & 1023;
    if (exponent === 0) return sign * part * 2 ** -24;
    if (exponent === 31) return part ? NaN : sign * Infinity;
    return sign * (1 + part / 1024) * 2 ** (exponent - 15);
  }
  function numbers(text, half) {
    if (text === null || text === undefined) return null;
    const view = new DataView(bytesOf(text).buffer), size = half ? 2 : 4;
    const out = new Float64Array(view.byteLength / size);
    for (let i = 0; i < out.length; i++)
      out[i] = half ? halfToNumber(view.getUint16(2 * i, true)) : view.getFloat32(4 * i, true);
    return out;
  }
  // Error function: its series near 0, its continued fraction beyond; both to double precision.
  function erf(x) {
    const a = Math.abs(x);
    if (a > 6) return Math.sign(x);
    if (a < 2.5) {
      let term = a, sum = a;
      for (let n = 1; n < 80; n++) { term *= -a * a / n; sum += term / (2 * n + 1); }
      return Math.sign(x) * 2 / Math.sqrt(Math.PI) * sum;
    }
    let f = 0;
    for (let n = 60; n > 0; n--) f = n / 2 / (a + f);
    return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * (a + f)));
  }
  const sigmoid = (x) => x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
  const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  const elu = (x, alpha) => x > 0 ? x : alpha * Math.expm1(x);
  const ELEMENTWISE = {
    Sigmoid: sigmoid,
    Tanh: Math.tanh,
    ReLU: (x) => x > 0 ? x : 0,
    LeakyReLU: (x, layer) => x > 0 ? x : x * layer.negative_slope,
    ELU: (x, layer) => elu(x, layer.alpha),
    SELU: (x) => 1.0507009873554805 * elu(x, 1.6732632423543772),
    GELU: (x, layer) => layer.approximate
      ? 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)))
      : 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
    SiLU: (x) => x * sigmoid(x),
    Mish: (x) => x * Math.tanh(softplus(x)),
    Softplus: softplus,
  };
  function softmax(x) {
    const top = Math.max(...x), raised = Array.from(x, (v) => Math.exp(v - top));
    const sum = raised.reduce((a, b) => a + b, 0);
    return Float64Array.from(raised, (v) => v / sum);
  }
  function linear(layer, x) {
    const out = new Float64Array(layer.outputs);
    for (let row = 0; row < layer.outputs; row++) {
      let sum = layer.bias ? layer.bias[row] : 0;
      const start = row * layer.inputs;
      for (let i = 0; i < layer.inputs; i++) sum += layer.weight[start + i] * x[i];
      out[row] = sum;
    }
    return out;
  }
  function apply(layer, x) {
    if (layer.kind === "Linear") return linear(layer, x);
    if (layer.kind === "BatchNorm1d") return x.map((v, i) => v * layer.scale[i] + layer.shift[i]);
    if (layer.kind === "LayerNorm") {
      const mean = x.reduce((a, b) => a + b, 0) / x.length;
      const spread = Math.sqrt(x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length + layer.epsilon);
      return x.map((v, i) => (v - mean) / spread * layer.scale[i] + layer.shift[i]);
    }
    if (layer.kind === "Softmax") return softmax(x);
    if (layer.kind === "LogSoftmax") return softmax(x).map(Math.log);
    const f = ELEMENTWISE[layer.kind];
    return x.map((v) => f(v, layer));
  }
  function finish(output, x) {
    if (output === "softmax") return softmax(x);
    const found = output === "sigmoid" ? x.map(sigmoid) : output === "exp" ? x.map(Math.exp) : x;
    return found.length === 1 ? Float64Array.of(1 - found[0], found[0]) : found;
  }
  return function make(about) {
    const factor = numbers(about.factor, false), shift = numbers(about.shift, false);
    const layers = about.layers.map((each) => {
      const packed = {};
      for (const name of ["weight", "bias"])
        if (name in each) packed[name] = numbers(each[name], about.half);
      for (const name of ["scale", "shift"])
        if (name in each) packed[name] = numbers(each[name], false);
      return { ...each, ...packed };
    });
    /* Raw pixels to what every layer gives, and the probabilities. */
    return function run(pixels) {
      let x = Float64Array.from(pixels, (v, i) => v * factor[i] + shift[i]);
      const outputs = layers.map((layer) => (x = apply(layer, x)));
      return { outputs, probabilities: finish(about.output, x) };
    };
  };
})();
