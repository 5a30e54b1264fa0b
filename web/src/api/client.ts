import type { Problem } from "./types";

/** A refusal by the server, or no answer at all (status 0), in words for the user. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly remedy: string,
    readonly problems: readonly Problem[] = [],
    readonly body: unknown = null,
  ) {
    super(message);
  }

  get offline(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

/** Paths stay relative to the page, so that a reverse proxy may put the application below a prefix. */
export function apiUrl(path: string): string {
  return new URL(`api/${path}`, document.baseURI).href;
}

interface Options {
  readonly method?: string;
  readonly json?: unknown;
  readonly form?: FormData;
  readonly file?: Blob;
}

export async function request<T>(path: string, options: Options = {}): Promise<T> {
  const response = await reach(path, options);
  const body: unknown = response.status === 204 ? null : await response.json().catch(() => null);
  if (response.ok) return body as T;
  throw refused(response.status, body);
}

async function reach(path: string, options: Options): Promise<Response> {
  const json = options.json !== undefined;
  try {
    return await fetch(apiUrl(path), {
      method: options.method ?? (json || options.form || options.file ? "POST" : "GET"),
      headers: json ? { "content-type": "application/json" } : {},
      body: json ? JSON.stringify(options.json) : (options.form ?? options.file ?? null),
    });
  } catch {
    throw new ApiError(0, "offline", "The server does not answer.", "Start it again with: patchloom serve");
  }
}

function refused(status: number, body: unknown): ApiError {
  const { error, problems } = (body ?? {}) as { error?: Partial<ApiError>; problems?: Problem[] };
  const message = error?.message ?? `The server answered with status ${status}.`;
  return new ApiError(status, error?.code ?? "unknown", message, error?.remedy ?? "", problems ?? [], body);
}
