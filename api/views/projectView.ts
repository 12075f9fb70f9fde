import { SYSTEM_API_VERSION, type ProjectView } from '../schemas/project.js';
import type { Project } from '../../store/projectStore.js';
import { withMicroseconds } from './clusterView.js';

export function projectView(project: Project): ProjectView {
  const { id, name, description, createdAt, modifiedAt } = project;
  return {
    apiVersion: SYSTEM_API_VERSION,
    kind: 'Project',
    metadata: { name, description, modifiedAt: withMicroseconds(modifiedAt) },
    spec: { default: project.default },
    status: { id, createdAt },
  };
}
