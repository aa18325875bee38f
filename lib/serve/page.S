    .section .rodata
    .global matinee_page_begin, matinee_page_end
matinee_page_begin:
    .incbin PACKED
matinee_page_end:
    .byte 0
    .section .note.GNU-stack,"",@progbits
