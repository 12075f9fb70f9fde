import { writeFile } from 'node:fs/promises';

import { OPENAPI_FILE, openApiText } from './openApiText.js';

/* `npm run openapi`: writes docs/openapi.json anew, as the API serves it. */
await writeFile(OPENAPI_FILE, await openApiText());
process.stdout.write(`${OPENAPI_FILE}\n`);
