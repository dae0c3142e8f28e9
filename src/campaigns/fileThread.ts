/** The thread in which long files of campaigns are read and written (`fileApart.ts`). */
import { servesApart } from '../base/apartThread.ts';
import { fileOf, parseFile, type FileRead } from './file.ts';
import type { FileWork } from './fileApart.ts';

servesApart<FileRead | string>((work: FileWork) => ({
  value: 'text' in work ? parseFile(work.text) : fileOf(work.campaign),
  hand: [],
}));
