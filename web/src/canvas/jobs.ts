import { getJob } from "../api/routes";
import { openDocument } from "./opening";

/** Open a copy of the workflow that a job ran, with the pictures and reports that it made. */
export async function openJobDocument(id: string): Promise<void> {
  const { job, document } = await getJob(id);
  await openDocument(document, document.title || job.title || "Untitled", id);
}
