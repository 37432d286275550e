package pipeline

import (
	"bufio"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// TestClockSteps moves the clocks of region and primary back and forth. Their timers are monotonic, and the senders set
// the data's timestamps, so nothing may be lost, repeated or delayed. The archive's folders follow the site's clock.
func TestClockSteps(t *testing.T) {
	onlyWithFaults(t)
	r := newRig(t)
	region, primary := r.region.adjustableClock(t), r.primary.adjustableClock(t)
	for _, step := range []struct{ region, primary time.Duration }{
		{region: 2 * time.Hour},
		{region: -30 * time.Minute, primary: 2 * time.Hour},
		{primary: -30 * time.Minute},
		{},
	} {
		region.step(t, step.region)
		primary.step(t, step.primary)
		r.note("region %+v, primary %+v: all signals at the primary in %v", step.region, step.primary, r.awaitArrival(t, r.primary, 10*time.Second))
		if step.primary > 0 {
			folder := time.Now().Add(step.primary).UTC().Format("day=02/hour=15/")
			Await(t, 30*time.Second, "an object below "+folder, func() bool { return strings.Contains(r.plant.objects(t), folder) })
		}
		time.Sleep(*outage / 4)
	}
	r.requireNoFailover(t)
	r.finish(t)
}

// clock is the wall clock as one process sees it.
type clock struct {
	memory string
	shift  int64 // address of the offset in seconds
}

// shiftedClock replaces clock_gettime in the vDSO: it calls the kernel, and adds an offset to the wall clock
// (0). The offset is stored directly after the code.
var shiftedClock = [...]byte{
	0xb8, 228, 0, 0, 0, // mov eax, SYS_clock_gettime
	0x0f, 0x05, //         syscall
	0x85, 0xff, //         test edi, edi
	0x75, 10, //           jnz ret
	0x48, 0x8b, 0x0d, 6, 0, 0, 0, // mov rcx, [rip+6]
	0x48, 0x01, 0x0e, //   add [rsi], rcx
	0xc3,       //         ret
	0x90, 0x90, //         (to a multiple of eight)
}

// adjustableClock gives the running process its own clock. A static program reads the time through the vDSO, which a
// debugger may write to, as for a breakpoint.
func (n *Node) adjustableClock(t *testing.T) clock {
	t.Helper()
	c := clock{memory: fmt.Sprintf("/proc/%d/mem", n.process.Pid())}
	address, err := clockGettime(n.process.Pid())
	if err != nil {
		t.Skipf("find the vDSO's clock_gettime: %v", err)
	}
	c.shift = address + int64(len(shiftedClock))
	n.Freeze(t)
	defer n.Thaw(t)
	c.write(t, address, append(shiftedClock[:], make([]byte, 8)...))
	return c
}

// step sets the wall clock's offset from the machine's.
func (c clock) step(t *testing.T, by time.Duration) {
	t.Helper()
	c.write(t, c.shift, binary.LittleEndian.AppendUint64(nil, uint64(int64(by/time.Second))))
}

func (c clock) write(t *testing.T, address int64, bytes []byte) {
	t.Helper()
	memory, err := os.OpenFile(c.memory, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	if _, err := memory.WriteAt(bytes, address); err != nil {
		t.Fatalf("change the clock of a process: %v", err)
	}
}

// clockGettime finds the function's address in a process.
func clockGettime(pid int) (int64, error) {
	maps, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return 0, err
	}
	defer maps.Close()
	var begin, end int64
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		if strings.HasSuffix(lines.Text(), "[vdso]") {
			if _, err := fmt.Sscanf(lines.Text(), "%x-%x", &begin, &end); err != nil {
				return 0, err
			}
		}
	}
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return 0, err
	}
	defer memory.Close()
	image, err := elf.NewFile(io.NewSectionReader(memory, begin, end-begin))
	if err != nil {
		return 0, err
	}
	symbols, err := image.DynamicSymbols()
	if err != nil {
		return 0, err
	}
	for _, s := range symbols {
		if s.Name == "__vdso_clock_gettime" && int(s.Size) >= len(shiftedClock)+8 {
			return begin + int64(s.Value), nil
		}
	}
	return 0, fmt.Errorf("no such symbol of %d bytes or more", len(shiftedClock)+8)
}
