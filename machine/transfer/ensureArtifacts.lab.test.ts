import { labMachine } from '../../test/ssh/labMachine.js';
import { describeTransfer } from '../../test/ssh/transferBehaviours.js';

describeTransfer('sending files to a real machine', labMachine);
