import { subjectOf } from './subject.js';
import type { StepModule } from './types.js';

/** Deletes the subject's node object through a healthy control plane. */
export const nodeDeleteStep: StepModule = {
  name: 'node-delete',
  script: ['leave.sh', 'node-delete.sh'],
  timeoutSeconds: 180,
  beside: true,
  params: (context) => ({ SUBJECT: subjectOf(context, 'node-delete').hostname }),
};
