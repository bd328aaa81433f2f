// What the packet path calls. All arguments are offsets into the imported memory, the arena of one worker.
export { completeChecksum } from "./checksum";
export { segment } from "./segment";
export { closeSlot, extend, finishSlot, isOpen, isSameFlow, openSlot, setNativeBase, writeIovec } from "./coalesce";
