package senderidentityprocessor

import (
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

const (
	byAddress = "address"
	byUID     = "uid"
)

// podWatch indexes the pods of a node, or of the cluster, by address and by UID.
type podWatch struct {
	informer cache.SharedIndexInformer
}

// newPodWatch returns a watch that has not started: call run. An empty node means all nodes.
func newPodWatch(client kubernetes.Interface, node string) (*podWatch, error) {
	selector := fields.Everything()
	if node != "" {
		selector = fields.OneTermEqualSelector("spec.nodeName", node)
	}
	listWatch := cache.NewFilteredListWatchFromClient(client.CoreV1().RESTClient(), "pods", metav1.NamespaceAll,
		func(o *metav1.ListOptions) { o.FieldSelector = selector.String() })
	return watchPods(listWatch)
}

func watchPods(source cache.ListerWatcher) (*podWatch, error) {
	informer := cache.NewSharedIndexInformer(source, &corev1.Pod{}, 0, cache.Indexers{
		byAddress: func(object any) ([]string, error) { return addresses(object.(*corev1.Pod)), nil },
		byUID:     func(object any) ([]string, error) { return []string{string(object.(*corev1.Pod).UID)}, nil },
	})
	if err := informer.SetTransform(strip); err != nil {
		return nil, fmt.Errorf("watch pods: %w", err)
	}
	return &podWatch{informer: informer}, nil
}

func (w *podWatch) run(stop <-chan struct{}) { w.informer.Run(stop) }

// at returns the pods that have an address, the newest first. There are several when an address was used again.
func (w *podWatch) at(address string) []*corev1.Pod {
	pods := w.indexed(byAddress, address)
	slices.SortFunc(pods, func(a, b *corev1.Pod) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
	return pods
}

// starting reports whether the pod with this UID exists and has no address yet.
func (w *podWatch) starting(uid string) bool {
	pods := w.indexed(byUID, uid)
	return len(pods) > 0 && len(pods[0].Status.PodIPs) == 0
}

func (w *podWatch) indexed(index, value string) []*corev1.Pod {
	objects, err := w.informer.GetIndexer().ByIndex(index, value)
	if err != nil {
		return nil // only for an index that does not exist
	}
	pods := make([]*corev1.Pod, 0, len(objects))
	for _, object := range objects {
		pods = append(pods, object.(*corev1.Pod))
	}
	return pods
}

// strip keeps what the check needs, so that the pods of a large cluster are small.
func strip(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		if _, deleted := object.(cache.DeletedFinalStateUnknown); deleted {
			return object, nil
		}
		return nil, errors.New("expected a pod")
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID,
			ResourceVersion: pod.ResourceVersion, CreationTimestamp: pod.CreationTimestamp,
		},
		Spec:   corev1.PodSpec{HostNetwork: pod.Spec.HostNetwork},
		Status: corev1.PodStatus{Phase: pod.Status.Phase, PodIPs: pod.Status.PodIPs},
	}, nil
}

// addresses returns the addresses that belong only to this pod: not its node's, and none if the pod has ended.
func addresses(pod *corev1.Pod) []string {
	if pod.Spec.HostNetwork || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
		return nil
	}
	var found []string
	for _, ip := range pod.Status.PodIPs {
		found = append(found, ip.IP)
	}
	return found
}
