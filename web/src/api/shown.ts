/** Which job's pictures and reports belong to a workflow, kept in this browser so that a reloaded page shows them. */
const key = (workflow: string) => `patchloom.job.${workflow}`;

export function rememberJob(workflow: string, job: string): void {
  try {
    localStorage.setItem(key(workflow), job);
  } catch {
    // Without storage a reloaded page looks for the last run of the same title.
  }
}

export function rememberedJob(workflow: string): string | null {
  return localStorage.getItem(key(workflow));
}
