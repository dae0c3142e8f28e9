/** All faults there are. */
import type { Fault } from '../fault.ts';
import { decisionFaults } from './decisions.ts';
import { gateFaults } from './gate.ts';

export const FAULTS: readonly Fault[] = [...gateFaults, ...decisionFaults];
