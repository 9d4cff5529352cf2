import vm from 'node:vm';
import { LRUCache } from 'lru-cache';
import { runTimed } from './timed-run.ts';

/**
 * Runs the functions of design documents. Each has a context of its own in which strings cannot become
 * code, takes and gives JSON only, and is stopped when it runs too long. That keeps mistakes apart; it is
 * no security boundary, which is why only administrators write design documents.
 */
export interface DesignFunction {
  /** Calls the function with arguments given as a JSON array; throws DesignFunctionError where it fails. */
  call(argumentsJson: string): CallOutcome;
  /** Calls it for each of many arguments, with failures as values; after a second timeout it is not called again. */
  callEach(argumentsJson: string[]): (CallOutcome | DesignFunctionError)[];
}

export interface CallOutcome {
  /** What the function returned. */
  value?: unknown;
  /** What it threw, where it threw an object such as `{forbidden: 'reason'}`. */
  thrown?: Record<string, unknown>;
  /** Rows of `emit`, in order. */
  emitted: [key: unknown, value: unknown][];
}

/** The function cannot be compiled, failed on its own, or ran out of time. */
export class DesignFunctionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DesignFunctionError';
  }
}

/** Evaluated inside each context: CouchDB's helpers, `require` over the design document, and the call itself. */
const prelude = `(function () {
  'use strict';
  var emitted = [];
  var loaded = Object.create(null);
  globalThis.moduleFactories = Object.create(null);
  globalThis.emit = function (key, value) {
    emitted.push([key === undefined ? null : key, value === undefined ? null : value]);
  };
  globalThis.log = function () {};
  globalThis.isArray = Array.isArray;
  globalThis.toJSON = JSON.stringify;
  globalThis.sum = function (values) { return values.reduce(function (a, b) { return a + b; }, 0); };
  function resolve(path, base) {
    var parts = path.charAt(0) === '.' ? base.slice(0, -1) : [];
    path.split('/').forEach(function (part) {
      if (part === '..') parts.pop();
      else if (part !== '.' && part !== '') parts.push(part);
    });
    return parts;
  }
  function load(path, base) {
    var parts = resolve(path, base);
    var name = parts.join('/');
    if (loaded[name]) return loaded[name].exports;
    if (!globalThis.moduleFactories[name]) throw new Error('module not found: ' + name);
    var module = loaded[name] = { id: name, exports: {} };
    globalThis.moduleFactories[name](module, module.exports, function (next) { return load(next, parts); });
    return module.exports;
  }
  globalThis.require = function (path) { return load(path, []); };
  globalThis.callDesignFunction = function (argumentsJson) {
    emitted = [];
    var outcome;
    try {
      var value = globalThis.designFunction.apply(null, JSON.parse(argumentsJson));
      outcome = { value: value, emitted: emitted };
    } catch (error) {
      outcome = { emitted: [] };
      if (error instanceof Error) outcome.failure = error.name + ': ' + error.message;
      else if (error !== null && typeof error === 'object') outcome.thrown = error;
      else outcome.failure = String(error);
    }
    return JSON.stringify(outcome);
  };
})()`;

function stripTrailing(source: string): string {
  return source.trim().replace(/;+\s*$/, '');
}

type Run = (code: string) => unknown;

/** Strings that are no modules (most are not) are left out: `require` of one fails by name. */
function addModules(run: Run, modules: Record<string, string>): void {
  for (const [name, body] of Object.entries(modules)) {
    try {
      run(`moduleFactories[${JSON.stringify(name)}] = function (module, exports, require) {${body}\n};`);
    } catch {
      continue;
    }
  }
}

function prepare(source: string, modules: Record<string, string>, milliseconds: number): vm.Context {
  const context = vm.createContext(Object.create(null) as object, {
    codeGeneration: { strings: false, wasm: false },
  });
  const run: Run = (code) => vm.runInContext(code, context, { timeout: milliseconds });
  try {
    run(prelude);
    addModules(run, modules);
    run(`globalThis.designFunction = (${stripTrailing(source)}\n);`);
    if (run('typeof designFunction') !== 'function') throw new Error('not a function');
  } catch (error) {
    throw new DesignFunctionError(
      `compilation_error: ${error instanceof Error ? error.message : 'no function'}`,
    );
  }
  return context;
}

function compile(source: string, modules: Record<string, string>, milliseconds: number): DesignFunction {
  const start = (): ((argumentsJson: string) => string) =>
    vm.runInContext('callDesignFunction', prepare(source, modules, milliseconds));
  let call = start();

  function callOnce(argumentsJson: string): CallOutcome | DesignFunctionError {
    try {
      const outcome = JSON.parse(call(argumentsJson)) as CallOutcome & { failure?: string };
      return outcome.failure === undefined ? outcome : new DesignFunctionError(outcome.failure);
    } catch {
      return new DesignFunctionError('the function failed');
    }
  }

  return {
    callEach(argumentsJson) {
      const outcomes: (CallOutcome | DesignFunctionError)[] = [];
      let stopped: DesignFunctionError | null = null;
      const step = (index: number): void => {
        outcomes[index] = stopped ?? callOnce(argumentsJson[index] as string);
      };
      runTimed(argumentsJson.length, milliseconds, step, (index) => {
        // The watchdog sees no difference between a long run and a pause of the process, but a pause ends:
        // once more, alone, and from the start, as the stopped run may have left a module half loaded.
        call = start();
        runTimed(
          1,
          milliseconds,
          () => step(index),
          () => {
            // A function that ran out of time twice would do so again for each of the others.
            stopped = new DesignFunctionError('the function took too long');
            outcomes[index] = stopped;
          },
        );
      });
      return outcomes;
    },
    call(argumentsJson) {
      const [outcome] = this.callEach([argumentsJson]);
      if (outcome instanceof Error || outcome === undefined) throw outcome;
      return outcome;
    },
  };
}

/** Gathers the strings of a design document that `require` may load, by path: `views/lib/x`. */
export function modulesOf(value: unknown, path: string[] = []): Record<string, string> {
  if (typeof value === 'string') return { [path.join('/')]: value };
  if (value === null || typeof value !== 'object' || Array.isArray(value) || path.length > 8) return {};
  return Object.assign({}, ...Object.entries(value).map(([key, inner]) => modulesOf(inner, [...path, key])));
}

export interface DesignFunctions {
  /** Compiles a function once; the same source with the same modules shares one context. */
  get(source: string, modules?: Record<string, string>): DesignFunction;
}

/** Keeps up to 200 compiled functions. */
export function createDesignFunctions(options: { milliseconds: number }): DesignFunctions {
  const compiled = new LRUCache<string, DesignFunction>({ max: 200 });
  return {
    get(source, modules = {}) {
      const used = /\brequire\b/.test(source) ? modules : {};
      const key = `${source}\u0000${JSON.stringify(used)}`;
      const known = compiled.get(key);
      if (known) return known;
      const made = compile(source, used, options.milliseconds);
      compiled.set(key, made);
      return made;
    },
  };
}
