import type { Project } from '../../store/projectStore.js';

export interface V1ProjectView {
  id: string;
  name: string;
  description: string;
  created_at: string;
  modified_at: string;
  organization_id: string;
  partner_id: string;
  default: boolean;
}

/** There is one organisation here, and no partner: clients want the fields. */
export function v1ProjectView(project: Project): V1ProjectView {
  return {
    id: project.id,
    name: project.name,
    description: project.description,
    created_at: project.createdAt,
    modified_at: project.modifiedAt,
    organization_id: 'plinth',
    partner_id: 'plinth',
    default: project.default,
  };
}
