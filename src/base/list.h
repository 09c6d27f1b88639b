/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A doubly linked list whose links lie inside the elements. Not synchronised: the owner's thread.
 */
#ifndef SL_BASE_LIST_H
#define SL_BASE_LIST_H

#include "base/mem.h"

#include <stdbool.h>

struct sl_list {
    struct sl_list *prev, *next; /* of a head: last and first; an empty head points to itself */
};

static inline void sl_list_init(struct sl_list *head)
{
    head->prev = head;
    head->next = head;
}

static inline bool sl_list_empty(const struct sl_list *head)
{
    return head->next == head;
}

/* Of an element, which may be zeroed memory. */
static inline bool sl_list_linked(const struct sl_list *element)
{
    return element->next && element->next != element;
}

static inline void sl_list_append(struct sl_list *head, struct sl_list *element)
{
    element->prev = head->prev;
    element->next = head;
    head->prev->next = element;
    head->prev = element;
}

/* Takes the element out; it may be removed again. A zeroed element was never in a list: no-op. */
static inline void sl_list_remove(struct sl_list *element)
{
    if (!element->next)
        return;
    element->prev->next = element->next;
    element->next->prev = element->prev;
    element->prev = element;
    element->next = element;
}

#define sl_list_first(head, type, member)                                                          \
    (sl_list_empty(head) ? NULL : sl_container_of((head)->next, type, member))

/* The body may remove `entry` itself, nothing else. */
#define sl_list_foreach(entry, head, type, member)                                                 \
    for (struct sl_list *entry##_link = (head)->next, *entry##_next = entry##_link->next;          \
         entry##_link != (head) && ((entry) = sl_container_of(entry##_link, type, member), 1);     \
         entry##_link = entry##_next, entry##_next = entry##_link->next)

#endif
