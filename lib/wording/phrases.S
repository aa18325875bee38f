    .section .rodata
    .global matinee_phrases_begin, matinee_phrases_end
matinee_phrases_begin:
    .incbin PHRASES
matinee_phrases_end:
    .byte 0
    .section .note.GNU-stack,"",@progbits
