// Package feed sends messages to subscribers.
package feed

import "sync"

// Hub knows the subscribers.
type Hub struct {
	mu   sync.Mutex
	subs map[string]chan string
	sent sync.WaitGroup
}

// NewHub returns one without subscribers.
func NewHub() *Hub { return &Hub{subs: map[string]chan string{}} }

// Subscribe hands messages to the function until the subscriber is gone.
func (h *Hub) Subscribe(name string, deliver func(string)) {
	messages := make(chan string, 8)
	h.mu.Lock()
	h.subs[name] = messages
	h.mu.Unlock()
	go h.pump(messages, deliver)
}

// Unsubscribe forgets a subscriber. Nobody closes its channel.
func (h *Hub) Unsubscribe(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.subs, name)
}

// Broadcast sends a message to all, each in a goroutine of its own, which end.
func (h *Hub) Broadcast(message string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, messages := range h.subs {
		h.sent.Add(1)
		go func(messages chan string) {
			defer h.sent.Done()
			messages <- message
		}(messages)
	}
}

// Wait waits until all that was broadcast has been taken.
func (h *Hub) Wait() { h.sent.Wait() }

func (h *Hub) pump(messages chan string, deliver func(string)) {
	for message := range messages {
		deliver(message)
	}
}
