package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/telepod/telepod/injector"
)

// testKilledSidecar kills every process of a sidecar at the same time, as the kernel does if a container with
// memory.oom.group runs out of memory. The kubelet must restart the sidecar, the application must keep running, and its
// pod must become ready again.
func (s *stage) testKilledSidecar(t *testing.T) {
	p := allowed(pod(telemetryNamespace, nil, map[string]string{injector.SidecarAnnotation: "true"}))
	p.GenerateName, p.Name, p.Spec.Containers[0].Args = "", "beside-killed", []string{"sleep", "1h"}
	if _, err := s.client.CoreV1().Pods(p.Namespace).Create(t.Context(), p, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	before := s.readyWithRestarts(t, p.Name, 0)
	changes, err := s.client.CoreV1().Pods(p.Namespace).Watch(t.Context(), metav1.SingleObject(before.ObjectMeta))
	if err != nil {
		t.Fatal(err)
	}
	defer changes.Stop()
	if err := s.killContainer(before, "collector-supervisor"); err != nil {
		t.Fatal(err)
	}
	after := s.readyWithRestarts(t, p.Name, 1)
	if app := after.Status.ContainerStatuses[0]; app.RestartCount > 0 {
		t.Errorf("the application was restarted: %+v", app)
	}
	if ended := after.Status.InitContainerStatuses[0].LastTerminationState.Terminated; ended == nil || ended.ExitCode != 128+int32(syscall.SIGKILL) {
		t.Errorf("the sidecar's last termination is %+v, want SIGKILL", ended)
	}
	t.Log(readiness(changes))
}

// readyWithRestarts waits until a pod is ready and its sidecar was restarted this many times.
func (s *stage) readyWithRestarts(t *testing.T, name string, restarts int32) (p *corev1.Pod) {
	t.Helper()
	eventually(t, func(ctx context.Context) (err error) {
		if p, err = s.client.CoreV1().Pods(telemetryNamespace).Get(ctx, name, metav1.GetOptions{}); err != nil {
			return err
		}
		if st := p.Status.InitContainerStatuses; len(st) != 1 || st[0].RestartCount != restarts || st[0].State.Running == nil || !isReady(p) {
			return fmt.Errorf("want %d restarts of the sidecar, and a ready pod: %+v", restarts, p.Status)
		}
		return nil
	})
	return p
}

func isReady(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// readiness lists the readiness conditions in the pod's changes so far.
func readiness(changes watch.Interface) (list []string) {
	for {
		select {
		case change := <-changes.ResultChan():
			if p, ok := change.Object.(*corev1.Pod); ok {
				for _, c := range p.Status.Conditions {
					if c.Type == corev1.PodReady {
						list = append(list, fmt.Sprintf("ready %s since %s", c.Status, c.LastTransitionTime.Format("15:04:05")))
					}
				}
			}
		default:
			return list
		}
	}
}

// killContainer kills the main process of a container from outside, and so all its processes.
func (s *stage) killContainer(p *corev1.Pod, program string) error {
	pids, err := s.Processes(p.Spec.NodeName, program)
	for _, pid := range pids {
		cgroup, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid)) // empty if the process has ended
		if strings.Contains(strings.ReplaceAll(string(cgroup), "_", "-"), string(p.UID)) {
			return syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	return errors.Join(err, fmt.Errorf("pod %s/%s has no process %s on node %s", p.Namespace, p.Name, program, p.Spec.NodeName))
}
