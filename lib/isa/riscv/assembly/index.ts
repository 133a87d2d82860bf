/** The parts of a RISC-V hart that are too long for IR: what translated code and the soft-MMU call. The helpers are listed in lib/isa/riscv. */
export { amo, lr, sc } from './atomic';
export { cbo } from './cache-block';
export { csr } from './csr';
export { debugHasCsr, debugReadCsr, debugTranslate, debugWriteCsr, debugWritePrivilege } from './debug';
export * from './fp';
export { nextTimerTick, wireInterrupt } from './interrupt';
export { pause } from './pause';
export { refresh, resetHart } from './reset';
export { setSoftwareInterrupt, setTimer, startSupervisor, stopHart } from './sbi';
export { ecall, mret, poll, raise, sfence, sret, takeTrap, wfi } from './trap';
export { accessFault, fetch, tableStore, translate } from './walk';
