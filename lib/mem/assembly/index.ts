/**
 * The soft-MMU: everything about memory accesses that translated code does not do itself. Knows frames, TLB banks and code granules, and nothing
 * of any architecture: page walks, faults and the meaning of page-table entries are hooks of the guest in the shared function table.
 */
export { codeLoad, codeStore, lookupRead, lookupWrite, slowLoad, slowStore } from './access';
export { enterBlock, forgetBlock, noteBlock } from './blocks';
export { beforeStore } from './dma';
export {
  cleanPages,
  closeWriter,
  frameOf,
  hostAddress,
  isRam,
  markCode,
  markTable,
  paddrOfFrame,
  paddrOfHost,
  tableAddress,
  unmarkCode,
  unmarkTable,
} from './frames';
export { blankDigest, frameDigest, hashFrame } from './hash';
export { loadPhysical, storePhysical } from './physical';
export { dropPage, flushAll, flushBanks, flushMatching, noteFetch, renewBuckets, renewContexts, selectBank, selectContext } from './tlb';
